#ifndef PANNIER_TESTS_SIM_HISTORY_H
#define PANNIER_TESTS_SIM_HISTORY_H

#include "base/strbuf.h"
#include "sim/options.h"
#include "store/store.h"

/*
 * Files of history (OPTION_imports; OPTION_uploads: upload.h): what a shop holds at a moment as messages, and orders that nobody else
 * tells of, as messages or as a table. They are read while the shop goes on; somebody pauses, throttles, resumes or cancels them. At the
 * end one that has grown old is read, which may change nothing.
 */
void history_open(const char *folder);
void history_close(void);
/* Writes a file as the shop is now; its number. old: without orders of its own, and with a yes of everybody, a month ago. */
int history_write(int shop, bool old);
/* The same as text, for who sends it: with chance out of that option. */
int history_compose(int shop, enum option option, struct strbuf *out);
bool history_is_table(int number);
/* Of one that is sent: in its path is this; the import it has become. */
void history_is_named(int number, const char *digest);
void history_was_taken(int number, int64_t import_id);
/* Is there anything of it in this run? */
bool history_is_read(void);
bool history_ask(struct db *db, int number, struct err *err) MUST_CHECK;
/* Pauses, resumes, throttles or cancels one. */
void history_meddle(struct db *db);
/* Of imports that have ended: the counts are right, and the orders in them are told once, or of a cancelled one, not at all. */
void history_check(struct db *db);
/* Events of an account that only files tell of. */
size_t history_events(int account);
/* Does a file tell of an order of that person of a shop that was placed later? */
bool history_has(int shop, int person, int64_t after_ms);
/* Was whoever placed the order erased since? */
/* All that came of their orders is at the profile they have now. */
void history_check_persons(int shop, int person);
bool history_is_erased(int order);
/* Does only a file tell of the order? "s0-h3" */
bool history_only(const char *order_id);

#endif
