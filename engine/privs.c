/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who the process runs as: root only binds ports, then becomes the owner of
 * the mailboxes; anybody else stays who they are. Limits are raised first.
 */
#include "engine/base/log.h"
#include "engine/config/say.h"
#include "engine/engine.h"
#include "tls/tls_ctx.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

struct owner {
	uid_t uid;
	gid_t gid;
	const char *name; /* NULL: a number only */
};

static void
raise_limits(const struct site *site)
{
	struct rlimit lim;
	rlim_t want =
		(rlim_t)site->cfg->net.conns_max * site->cfg->net.workers_n +
		4096;

	if (getrlimit(RLIMIT_NOFILE, &lim) != 0 || lim.rlim_cur >= want)
		return;
	lim.rlim_cur = want;
	if (lim.rlim_max < want && geteuid() == 0)
		lim.rlim_max = want;
	if (lim.rlim_cur > lim.rlim_max)
		lim.rlim_cur = lim.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &lim) != 0)
		getrlimit(RLIMIT_NOFILE, &lim);
	if (lim.rlim_cur < want)
		log_say(LOG_LEVEL_WARNING, "master",
			"open files are limited to %llu: that many "
			"connections at most (raise LimitNOFILE or ulimit -n "
			"to %llu)",
			(unsigned long long)lim.rlim_cur,
			(unsigned long long)want);
}

/* "name", "uid" or "uid:gid". */
static bool
parse_user(const char *text, struct owner *out)
{
	struct span s = span_of(text);
	size_t colon = span_find(s, ':');
	struct passwd *pw = getpwnam(text);
	uint64_t uid, gid;

	if (pw != NULL) {
		*out = (struct owner) { pw->pw_uid, pw->pw_gid, text };
		return true;
	}
	if (!span_to_u64(span_to(s, colon), &uid) || uid > UINT32_MAX)
		return false;
	gid = uid;
	if (colon < s.len &&
	    (!span_to_u64(span_from(s, colon + 1), &gid) || gid > UINT32_MAX))
		return false;
	pw = getpwuid((uid_t)uid);
	if (pw != NULL && colon == s.len)
		gid = pw->pw_gid;
	*out = (struct owner) { (uid_t)uid, (gid_t)gid, NULL };
	return true;
}

static bool
choose(const struct site *site, struct owner *out, struct diag *diag)
{
	const char *user = site->cfg->engine.user;
	uint32_t uid, gid;

	if (user != NULL && *user != '\0') {
		if (!parse_user(user, out)) {
			diag_fail(diag, EX_NOUSER, NULL, 0,
				  "penstock_user = %s: no such user: name an "
				  "account, a uid, or uid:gid",
				  user);
			return false;
		}
	} else {
		bool has_one = false;

		for (unsigned i = 0; i < site->cfg->services_n && !has_one; i++)
			has_one = policy_static_owner(
				&site->cfg->services[i].policy, &uid, &gid);
		if (!has_one) {
			diag_fail(diag, EX_CONFIG, NULL, 0,
				  "started as root, but virtual_uid_maps and "
				  "virtual_gid_maps name no single static "
				  "owner to become: set penstock_user");
			return false;
		}
		*out = (struct owner) { uid, gid, NULL };
	}
	if (out->uid != 0 && out->gid != 0)
		return true;
	diag_fail(diag, EX_CONFIG, NULL, 0,
		  "mail is never delivered as root: give penstock_user (or "
		  "virtual_uid_maps and virtual_gid_maps) another owner");
	return false;
}

/* A folder that root makes for the user, parents included. */
static bool
make_dir(const char *path, const struct owner *owner, struct diag *diag)
{
	char part[4096];
	struct stat st;

	if (stat(path, &st) == 0)
		return true; /* whose it is, is the administrator's choice */
	if (strlen(path) >= sizeof(part)) {
		diag_fail(diag, EX_CONFIG, NULL, 0, "%s: path too long", path);
		return false;
	}
	for (size_t i = 1; i <= strlen(path); i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0755) == 0) {
			if (path[i] == '\0' &&
			    (chown(part, owner->uid, owner->gid) != 0 ||
			     chmod(part, 0700) != 0))
				goto fail;
		} else if (errno != EEXIST) {
			goto fail;
		}
	}
	return true;
fail:
	diag_fail(diag, EX_CANTCREAT, NULL, 0, "%s: cannot create: %s", part,
		  strerror(errno));
	return false;
}

static bool
make_dirs(const struct site *site, const struct owner *owner, struct diag *diag)
{
	const char *sock = site->cfg->engine.control_socket;
	const char *slash = strrchr(sock, '/');
	char dir[4096];

	if (!make_dir(site->cfg->queue.dir, owner, diag))
		return false;
	if (slash == NULL || slash == sock)
		return true;
	span_copy((struct span) { sock, (size_t)(slash - sock) }, dir,
		  sizeof(dir));
	return make_dir(dir, owner, diag);
}

/* What root has read, and a reload has to read as somebody else. */
static void
check_certificates(const struct site *site, struct diag *diag)
{
	for (unsigned i = 0; i < site->cfg->services_n; i++) {
		struct diag found;

		if (site->tls[i] == NULL)
			continue;
		diag_init(&found);
		tls_access_check(&site->cfg->services[i].tls, &found);
		for (struct diag_line *l = found.first; l; l = l->next)
			say(diag, l->level, NULL, 0, "%s", l->text);
		diag_fini(&found);
	}
}

int
privs_drop(const struct site *site, struct diag *diag)
{
	struct owner owner;
	int ret;

	umask(077);
	raise_limits(site);
	if (geteuid() != 0) {
		log_say(LOG_LEVEL_INFO, "master",
			"running as uid %u: mailboxes of other owners are "
			"deferred",
			(unsigned)geteuid());
		return 0;
	}
	if (!choose(site, &owner, diag) || !make_dirs(site, &owner, diag))
		return -EINVAL;
	ret = owner.name ? initgroups(owner.name, owner.gid)
			 : setgroups(1, &owner.gid);
	if (ret != 0 || setresgid(owner.gid, owner.gid, owner.gid) != 0 ||
	    setresuid(owner.uid, owner.uid, owner.uid) != 0) {
		diag_fail(diag, EX_NOPERM, NULL, 0,
			  "cannot become uid %u gid %u: %s",
			  (unsigned)owner.uid, (unsigned)owner.gid,
			  strerror(errno));
		return -errno;
	}
	must(setuid(0) != 0); /* there is no way back */
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	check_certificates(site, diag);
	log_say(LOG_LEVEL_INFO, "master", "running as uid %u gid %u",
		(unsigned)owner.uid, (unsigned)owner.gid);
	return 0;
}
