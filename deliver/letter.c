/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Composing and writing a letter. A small message, being one chunk, takes one
 * writev(); of a larger one each further chunk takes a write.
 */
#include "deliver/letter.h"

#include <errno.h>
#include <unistd.h>

static struct iovec
part(struct span s)
{
	return (struct iovec) { (void *)(uintptr_t)s.p, s.len };
}

static bool
breaks_header(struct span addr)
{
	return addr.len && (memchr(addr.p, '\n', addr.len) ||
			    memchr(addr.p, '\r', addr.len) ||
			    memchr(addr.p, '\0', addr.len));
}

bool
letter_init(struct letter *l, struct queue *q, const struct queue_msg *msg,
	    struct span sender, const struct envelope_rcpt *rcpt)
{
	l->q = q;
	l->msg = msg;
	l->head[0] = part(SPAN("Return-Path: <"));
	l->head[1] = part(sender);
	l->head[2] = part(SPAN(">\nX-Original-To: "));
	l->head[3] = part(rcpt->orig);
	l->head[4] = part(SPAN("\nDelivered-To: "));
	l->head[5] = part(rcpt->rcpt);
	l->head[6] = part(SPAN("\n"));
	l->bytes = msg->body_bytes;
	for (unsigned i = 0; i < LETTER_PARTS_N; i++)
		l->bytes += l->head[i].iov_len;
	return !breaks_header(sender) && !breaks_header(rcpt->orig) &&
	       !breaks_header(rcpt->rcpt);
}

int
letter_write_parts(int fd, struct iovec *parts, int n)
{
	while (n > 0) {
		ssize_t done = writev(fd, parts, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		while (n > 0 && (size_t)done >= parts->iov_len) {
			done -= (ssize_t)parts->iov_len;
			parts++;
			n--;
		}
		if (n > 0) {
			parts->iov_base = (char *)parts->iov_base + done;
			parts->iov_len -= (size_t)done;
		}
	}
	return 0;
}

int
letter_write(const struct letter *l, int fd, const char **doing_out)
{
	struct iovec parts[LETTER_PARTS_N + 1];
	struct queue_body_pos pos = { 0 };
	uint64_t body_bytes = 0;
	int n = LETTER_PARTS_N, err, more;

	memcpy(parts, l->head, sizeof(l->head));
	do {
		struct span piece;

		*doing_out = "reading message";
		more = queue_body_next(l->q, l->msg, &pos, &piece);
		err = more < 0 ? more : 0;
		if (more > 0) {
			parts[n++] = part(piece);
			body_bytes += piece.len;
		} else if (more == 0 && body_bytes != l->msg->body_bytes) {
			err = -EBADMSG;
		}
		if (!err) {
			*doing_out = "writing message";
			err = letter_write_parts(fd, parts, n);
		}
		n = 0;
	} while (!err && more > 0);
	queue_body_end(l->q, &pos);
	return err;
}
