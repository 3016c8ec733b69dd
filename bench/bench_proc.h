#ifndef PANNIER_BENCH_PROC_H
#define PANNIER_BENCH_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Child processes of a benchmark: started pinned to a processor, measured through /proc, ended by their id.
 * Every function here ends the program with a message when it cannot do its work; children die with the
 * parent.
 */
struct bench_child {
	const char *name; /* for messages and the log file */
	pid_t pid;	  /* the process that was started */
	pid_t worker;	  /* the process that does the work; differs from pid for nginx */
	int port;
};

/* Ends the program with a message on standard error. */
void bench_die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* A temporary folder, removed by bench_folder_remove. Owned by the module; one per program. */
const char *bench_folder(void);
void bench_folder_remove(void);

/* A free TCP port of 127.0.0.1 at this moment. */
int bench_free_port(void);

/* Pins the calling process to one processor, if the machine has more than one. */
void bench_pin(int cpu);

/* Starts argv[0] with its output in FOLDER/NAME.log; cpu < 0 leaves it unpinned. */
struct bench_child bench_spawn(const char *name, int cpu, const char *const argv[]);
/* Runs argv to its end; its output goes to FOLDER/NAME.log. True if it ended with 0. */
bool bench_run(const char *name, const char *const argv[]);
/* Waits until something listens on the child's port. */
void bench_wait_port(const struct bench_child *child, int64_t timeout_ms);
/* SIGTERM, then SIGKILL after 10 s, and reaps. */
void bench_stop(struct bench_child *child);

/* Processor time of the worker so far, user and system together. */
double bench_cpu_ms(const struct bench_child *child);
/* Largest resident size of the worker so far. */
double bench_peak_rss_mb(const struct bench_child *child);
/* For nginx, which works in a child of the process that was started: waits for that child. */
void bench_find_worker(struct bench_child *child);

int64_t bench_now_us(void);	 /* monotonic */
int64_t bench_own_cpu_us(void);	 /* of this process, user and system together */
int64_t bench_own_written(void); /* bytes given to write calls by this process */

/* The file's text, NUL-terminated, owned by the caller; NULL if it cannot be read. */
char *bench_read_file(const char *path);
void bench_write_file(const char *path, const char *text);

/* The middle of n values (the mean of the two middle ones); sorts them. */
double bench_median(double *value, int n);

#endif
