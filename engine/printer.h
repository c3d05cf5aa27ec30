/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * printer.h: figures by name, nested, as one JSON object or as indented text,
 * from one description. One thread; never blocks but on its FILE.
 */
#ifndef PENSTOCK_ENGINE_PRINTER_H
#define PENSTOCK_ENGINE_PRINTER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct printer {
	FILE *out;
	bool is_json;
	bool has_item; /* in the innermost object or list */
	unsigned depth;
};

/* The whole: keeps out until printer_end(). */
void printer_begin(struct printer *p, FILE *out, bool is_json);
void printer_end(struct printer *p);

/* "name":{ … } or a title with what is indented below it. */
void printer_open(struct printer *p, const char *name);
void printer_close(struct printer *p);
/*
 * "name":[ … ] of objects, which as text have no title of their own: each
 * begins with its first item.
 */
void printer_list_open(struct printer *p, const char *name);
void printer_list_close(struct printer *p);
void printer_item_open(struct printer *p);
void printer_item_close(struct printer *p);

void printer_number(struct printer *p, const char *name, uint64_t value);
/* As printer_number(), but as text only when it is not 0. */
void printer_count(struct printer *p, const char *name, uint64_t value);
/* text: of our own making, without anything to be escaped. */
void printer_text(struct printer *p, const char *name, const char *text);

#endif
