#ifndef PANNIER_BASE_MUTANT_H
#define PANNIER_BASE_MUTANT_H

/*
 * Planted bugs, one row each: name, what goes wrong. They are there to prove that the simulation (tests/sim) finds such bugs; a
 * test fails if it misses one. Only builds with -DPANNIER_TEST_HOOKS contain them, and there none is on unless it is
 * selected; elsewhere mutant_is() is the constant false and the compiler drops what stands behind it.
 */
#define MUTANTS(X) \
	X(ack_before_commit, "a shop's request is answered before its messages are committed") \
	X(skipped_sync, "a commit does not wait for the disk") \
	X(budget_forgotten, "what was used of a budget is forgotten at a restart") \
	X(cursor_before_page, "the place of a pull moves before the messages of its page are in") \
	X(replayed_anew, "an event that is replayed is another event") \
	X(attempt_on_429, "a 429 counts as a failed attempt") \
	X(lost_membership, "the last delivery of a batch does not know its batch") \
	X(coalesced_in_flight, "a newer delivery replaces one that is being sent") \
	X(stale_settlement, "a batch is settled by somebody who does not hold it any more") \
	X(dropped_on_split, "of a batch refused as a whole one delivery counts as done") \
	X(new_unique_id, "an event that is sent again is another event") \
	X(miscounted, "a duplicate is not counted as received") \
	X(order_at_retry, "events leave while an older one of their person waits for its next try") \
	X(retry_after_in_ms, "Retry-After is read as milliseconds") \
	X(returned_unasked, "consent leaves before it is known who has left") \
	X(lost_on_recovery, "what was being sent when the process died is never sent again") \
	X(told_early, "what waits for the time of its kind leaves before it") \
	X(waited_away, "what waits for the time of its kind is forgotten") \
	X(caught_up_each, "of runs by the clock that were missed each is caught up") \
	X(never_caught_up, "a run by the clock that was missed never comes, nor do those after it") \
	X(runs_overlap, "a run by the clock begins while another one of its kind is under way") \
	X(file_from_start, "a file of history goes on at its beginning instead of where it was") \
	X(history_as_news, "an order out of a file counts as if it had just been placed") \
	X(history_wins, "what comes out of a file replaces what is newer") \
	X(deletion_lost, "a deletion at Klaviyo under way when the process died is never sent again") \
	X(erased_return, "what is older than the erasure, and comes later, is taken in") \
	X(erased_overtake, "what is queued of somebody who is erased leaves, before or behind the deletion") \
	X(bodies_spared, "deliveries that have ended keep their bodies when their person is erased") \
	X(messages_spared, "messages keep their bodies when their person is erased") \
	X(default_unswept, "what follows a default of the installation is not told anew when that changes") \
	X(default_over_own, "a default of the installation counts where a store has a value of its own, too") \
	X(default_ignored, "accounts do not follow the defaults of the installation") \
	X(refusal_unheeded, "a token that Klaviyo refuses is not renewed before its time") \
	X(refresh_dropped, "a newer token that comes without one to renew it by cannot be renewed") \
	X(move_overtaken, "what is told of somebody leaves while their profile gets another address") \
	X(former_told, "what waited since before a move is told of the former address") \
	X(consent_left, "consent that waited since before a move leaves behind it") \
	X(copies_replayed, "what a replay made is not noted as a copy, and the next replay tells it again") \
	X(replayed_to_former, "an event that is replayed is told of the address of its day") \
	X(part_believed, "of a file that broke off what was not synced counts as received") \
	X(damage_unheeded, "a file that is another one than was said is taken in") \
	X(file_swept, "a file that was sent goes before its import has ended") \
	X(feed_half, "what could be read of a catalog passes for all of it in its feed") \
	X(feed_in_place, "a feed is written over the one that is being read") \
	X(feed_believed, "a feed that an earlier process wrote is served as it is") \
	X(feed_outdated, "a feed is not written anew for what came in since") \
	X(silence_forgotten, "when a job or a lookup may be asked for again is forgotten with the process") \
	X(words_kept, "what is called otherwise now is found by what it was called") \
	X(run_unsearched, "keys of messages that were written as a run are not searched for duplicates")

enum mutant {
#define MUTANT_ENUM(name, what) MUTANT_##name,
	MUTANTS(MUTANT_ENUM)
#undef MUTANT_ENUM
	MUTANT_COUNT
};

#ifdef PANNIER_TEST_HOOKS
#include <stdbool.h>

/* Is this bug switched on? By mutant_select, or by PANNIER_MUTANT=name in the environment. */
bool mutant_is(enum mutant mutant);
/* MUTANT_COUNT = none. Not while other threads run. */
void mutant_select(enum mutant mutant);
/* MUTANT_COUNT if there is none of that name. */
enum mutant mutant_find(const char *name);
const char *mutant_name(enum mutant mutant);
#else
#define mutant_is(mutant) ((void)(mutant), 0)
#endif

#endif
