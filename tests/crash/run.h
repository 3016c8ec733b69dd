#ifndef PANNIER_TESTS_CRASH_RUN_H
#define PANNIER_TESTS_CRASH_RUN_H

#include "base/json.h"
#include "crash/child.h"
#include "net/http_client.h"

/*
 * One run of the scenario: a sandbox, a daemon that dies at one instant, two shops. Whoever dies is started
 * again, a request without an answer and a command that died are repeated. What should never fail is
 * asserted inside.
 */

/* Which process is to die. */
enum victim {
	VICTIM_NONE,           /* the undisturbed run */
	VICTIM_DAEMON,         /* the daemon, at the Nth visit since its start */
	VICTIM_START,          /* the daemon, N times in a row when it starts with a job in progress */
	VICTIM_COMMAND,        /* the Nth command that comes by there */
};

/* Commands, by the transactions they do. */
enum command {
	COMMAND_FIRST = 1,     /* makes the database */
	COMMAND_CONFIG = 2,
	COMMAND_FAILED = 4,
	COMMAND_USER = 8,
	COMMAND_TOKEN = 16,
	COMMAND_IMPORT = 32,   /* files of history */
	COMMAND_DECIDE = 64,   /* about them */
	COMMAND_COMPARE = 128, /* with Klaviyo */
	COMMAND_GIVE_UP = 256, /* comparing */
};

struct instant {
	const char *name;      /* "outbox_job.before"; "" for VICTIM_NONE */
	int visit;
	enum victim victim;
	int commands;          /* VICTIM_COMMAND: a set of enum command */
};

struct run {
	struct instant instant;
	struct place place;
	const char *data;
	struct child sandbox, daemon;
	struct http_client *client;
	const char *crash_point;   /* for the next process that may die; NULL = none */
	int deaths, deaths_left;
	int losses;                /* how often answers of Klaviyo may have been lost */
	int n_commands;            /* of those that come by the instant */
	size_t n_messages;         /* distinct ones that got a 2xx */
	bool good;                 /* everything was checked */
};

void run_init(struct run *run, const struct instant *instant);
void run_release(struct run *run); /* kills what still runs; shows its log unless all is good */

/* A command; repeated if it died. argument: NULL-terminated. */
void run_command(struct run *run, enum command command, const char *const *argument);
#define COMMAND(run, command, ...) \
	run_command((run), (command), (const char *const[]){ __VA_ARGS__, "--data", (run)->data, NULL })
void run_start_daemon(struct run *run);
/* Kills the daemon and starts it again; VICTIM_START: it then dies as often as it should. */
void run_kill_daemon(struct run *run);
/* Everything that was sent has reached the sandbox, or failed. */
void run_settle(struct run *run);
/* A request got no answer: the daemon must be dead, and is started again. */
void run_daemon_lost(struct run *run);
/* Stops what runs; fails if nobody died where somebody should have. */
void run_end(struct run *run);

/* The books must balance, also between death and restart. */
void run_check_books(struct run *run);
/* Standard output of a command that reads. */
struct json *run_read(struct run *run, const char *const *argument);

/* The sandbox's own interface. body NULL: GET. The caller frees the answer. */
struct json *run_sandbox(struct run *run, const char *path, const char *body);

/* ---- shops: shop.c ---- */

#define SHOP_ENAD_SECRET    "crash-enad-secret-0123456789"
#define SHOP_GENERIC_SECRET "crash-generic-secret-0123456789"

/* body: ' stands for ". id: unique. n: how many messages it holds. Sent until it is answered. */
void shop_generic(struct run *run, const char *id, struct str body, size_t n);
/* A file of tests/fixtures/enad. */
void shop_enad(struct run *run, const char *file);
/* With a wrong secret: answered with 401. */
void shop_refused(struct run *run, const char *store);

#endif
