/*
 * What one account knows of people, as a whole.
 *
 * Keeps:   what is about a profile goes or moves with it.
 * Threads: an account belongs to the server's thread.
 */
#include "sandbox/people.h"

void people_release(struct people *people)
{
	imports_release(&people->imports);
	events_release(&people->events);
	profile_lists_release(&people->lists);
	profiles_release(&people->profiles);
	table_release(&people->deleted);
	arena_release(&people->deleted_texts);
	*people = (struct people){ 0 };
}

static void leave_all(struct people *people, const struct profile *profile)
{
	for (size_t i = 0; i < people->lists.n; i++)
		profile_list_leave(people->lists.at[i], profile);
}

static void note_deleted(struct people *people, struct str text)
{
	if (text.len > 0)
		table_put(&people->deleted, arena_dup(&people->deleted_texts, text), people);
}

void people_delete(struct people *people, struct profile *profile)
{
	note_deleted(people, profile_key_text(profile, IDENTIFIER_EMAIL));
	note_deleted(people, profile_key_text(profile, IDENTIFIER_PHONE));
	people->counts.profiles_deleted++;
	events_remove_of(&people->events, profile);
	leave_all(people, profile);
	profile_remove(&people->profiles, profile);
}

void people_merge(struct people *people, struct profile *from, struct profile *into)
{
	events_move(&people->events, from, into);
	profile_move_keys(&people->profiles, from, into);
	if (from->last_event_ms > into->last_event_ms)
		into->last_event_ms = from->last_event_ms;
	leave_all(people, from);
	profile_remove(&people->profiles, from);
	people->counts.profiles_merged++;
}
