#ifndef PANNIER_TESTS_SIM_WATCH_INTERNAL_H
#define PANNIER_TESTS_SIM_WATCH_INTERNAL_H

#include "sim/watch.h"

/* watch_verbs.c passes verbs on, watch.c has what happens beside. */

/* Before the verb: it finds the database busy. */
bool watch_is_busy(const char *verb, struct err *err);
/* After it has succeeded: its caller is told that it was busy. */
bool watch_is_lost(const char *verb, struct err *err);
void watch_saw_append(const struct inbox_record *record, const struct inbox_receipt *receipt, size_t n);
void watch_saw_step(const struct import_step *step, const struct inbox_receipt *receipt);
void watch_saw_work(const char *verb, size_t n);
void watch_saw_complete(int64_t now_ms, const struct inbox_result *result, size_t n);
void watch_saw_import(int64_t now_ms, const struct import_job *job);
void watch_saw_task(int64_t now_ms, const struct task_row *task);
void watch_saw_publish(int64_t now_ms, const struct catalog_publication *publication, size_t n);
void watch_saw_claim(const struct outbox_batch *batch);
void watch_saw_job(int64_t batch_id);
void watch_saw_freeze(int64_t account_id, struct str endpoint);
void watch_saw_settle(const struct outbox_settlement *settlement);

#endif
