#ifndef PANNIER_TESTS_SIM_CHECK_H
#define PANNIER_TESTS_SIM_CHECK_H

#include "store/store.h"

/* The promises, checked while the world goes on and at its end. Each fails the run by sim_fail. */

void check_open(void);
void check_close(void);

/* G1: a 2xx was given for this body. */
void check_acknowledged(struct str body);
/* G1: records that the store said are durable. */
void check_committed(const struct inbox_record *record, const struct inbox_receipt *receipt, size_t n);
/* G1: a pull of this id (db_import_put) asks the shop of that number for this kind ("products"). */
void check_pull_asked(int64_t id, int number, struct str kind);
/* G1: the place of a pull moves on when the messages of its page are in, no sooner. */
void check_pull_step(const struct import_step *step);
/* G1: after a start they are all there. */
void check_messages_there(struct db *db);
/* G2 */
void check_conservation(struct db *db);
/* G2: an orderly stop, with db_interrupt, changes nothing; the check of the books says so and waits for the next process. folder: of the
 * data. */
void check_before_stop(struct db *db);
void check_at_stop(struct db *db);
void check_after_stop(const char *folder);
/* G3: an answer of 429 counts no attempt; deliveries and their states for the audit. */
void check_claimed(const struct outbox_batch *batch);
void check_settled(const struct outbox_settlement *settlement);
/* What waits is due earlier by as much. */
void check_clock_back(int64_t back_ms);
/* All of the database at the end: nothing left over, the audit has every state. */
void check_database_at_end(struct db *db);

#endif
