#ifndef PANNIER_TESTS_SIM_TIMETABLE_H
#define PANNIER_TESTS_SIM_TIMETABLE_H

#include "base/arena.h"
#include "model/schedule.h"
#include "store/store.h"

/*
 * Schedules: which shops have which, and that they are kept. Nothing leaves before its time; a run by the clock has a time of its own, and
 * never meets another one of its kind; none is missed. Not judged where the node's clock leaps.
 *
 * OPTION_scheduled: 1 Zoey's, 2 drawn ones, 3 and 4 drawn ones by which shops are asked, too, 5 and 6 by date.
 */
void timetable_open(void);
/* Shops are asked by the clock. */
bool timetable_asks(void);
bool timetable_by_date(void);
/* The settings: of accounts, and of one shop; "" = none. In the arena. */
struct str timetable_of_accounts(void);
struct str timetable_of_shop(int number, struct arena *arena);
/* Does the clock say when it is done? */
bool timetable_is_planned(int number, enum schedule_kind kind);
/* The last time of one that is planned, until ms. */
int64_t timetable_slot(int number, enum schedule_kind kind, int64_t ms);

/* The next time of day of any that is planned, after ms; INT64_MAX: none. */
int64_t timetable_next_daily(int64_t ms);

/* ---- timetable_check.c ---- */
void timetable_check_open(void);
void timetable_check_close(void);

/* What the store is told, by the node's clock; before it is done where the name says so. */
/* The schedule role is at work. */
void timetable_turn(bool turning);
void timetable_saw_facts(int64_t now_ms, const struct inbox_result *result, size_t n);
void timetable_saw_claim(const struct catalog_root *root, size_t n);
void timetable_saw_publish(int64_t now_ms, const struct catalog_publication *publication, size_t n);
void timetable_before_pull(struct db *db, const struct import_job *job);
void timetable_before_task(struct db *db, const struct task_row *task);
void timetable_saw_pull(int64_t now_ms, const struct import_job *job);
void timetable_saw_resume(int64_t now_ms, struct db *db, int64_t import_id);
void timetable_saw_task(int64_t now_ms, const struct task_row *task);
void timetable_saw_state(int64_t now_ms, struct str name);

/* How often shops were asked by the clock so far. */
uint64_t timetable_n_asked(void);
/* Once healed: no run is missing. */
void timetable_check(struct db *db);
/* Nothing is to be done but to wait: for the times that are hours away the process is held. */
void timetable_skip(void);

#endif
