/*
 * The ledger of consent: of what the shop, a customer's profile and Klaviyo say, what counts now, and whether
 * it is ours to tell.
 *
 * Keeps:   who left in Klaviyo is subscribed again by nothing but an explicit opt-in that is dated later. An
 *          opt-out whose date cannot be read counts as of now; an opt-in whose date cannot be true yet does
 *          not count against an opt-out. What a profile's field implies is told only where we ever told
 *          something, but it hides an older opt-in all the same: a doubt is never a yes.
 * Pure.
 */
#include "activity/fold_internal.h"

#include "base/attr.h"
#include "base/clock.h"
#include "base/utf8.h"

#include <inttypes.h>

#define SOURCE_BYTES_MAX 250
#define AHEAD_MS	 (5 * MS_PER_MIN) /* clocks of shops may be that much ahead of ours */

/* Of two statements of one time the later row counts. */
enum voice { VOICE_FIELD, VOICE_SHOP, VOICE_KLAVIYO, VOICE_COUNT };

static const char *const voice_row[] = { "field", "consent", "klaviyo" };

struct statement {
	bool known;
	bool subscribed;
	int64_t at_ms;
	const struct json *body;
};

struct ledger {
	enum consent_channel channel;
	struct str address;
	struct statement said[VOICE_COUNT];
};

/* ---- reading ---- */

static bool read_state(struct fold *fold, enum voice voice, struct str state, bool *subscribed)
{
	*subscribed = str_eq(state, STR("subscribed")) && voice != VOICE_KLAVIYO;
	if (*subscribed || str_eq(state, STR("unsubscribed")))
		return true;
	if (voice == VOICE_KLAVIYO)
		return str_eq(state, STR("suppressed"));
	if (!str_eq(state, STR("pending")))
		fold_note(fold, "state of consent could not be read");
	return false;
}

/* The time it was said; the version of these parts is that time too. */
static bool read_at(struct fold *fold, enum voice voice, const struct fold_fact *fact, int64_t *at_ms)
{
	*at_ms = fact->row->version;
	if (fold_time(fold, fact->body, "at", at_ms) || *at_ms > 0)
		return true;
	fold_note(fold, "\"%.*s\" does not say when", STR_ARG(fact->row->part));
	*at_ms = INT64_MAX;
	return voice == VOICE_KLAVIYO;
}

static struct statement read_statement(struct fold *fold, enum voice voice, enum consent_channel channel)
{
	struct str part = arena_printf(fold->arena, "%s.%s", voice_row[voice], consent_channel_text(channel));
	const struct fold_fact *fact = fold_part(fold, part.p);
	struct statement said = { 0 };
	bool readable;

	if (!fact)
		return said;
	readable = read_state(fold, voice, json_get_text(fact->body, "state"), &said.subscribed);
	said.known = readable && read_at(fold, voice, fact, &said.at_ms);
	said.body = fact->body;
	return said;
}

/* ---- judging ---- */

/* May this opt-in stand against Klaviyo's opt-out? */
static bool overrides(const struct fold *fold, enum voice voice, const struct statement *said)
{
	return voice == VOICE_SHOP && said->at_ms <= fold->now_ms + AHEAD_MS;
}

static const struct statement *judge(const struct fold *fold, const struct ledger *ledger, enum voice *voice)
{
	const struct statement *best = NULL;

	for (int i = 0; i < VOICE_COUNT; i++) {
		const struct statement *said = &ledger->said[i];

		if (!said->known || (best && said->at_ms < best->at_ms))
			continue;
		if (said->subscribed && ledger->said[VOICE_KLAVIYO].known &&
		    !overrides(fold, (enum voice)i, said))
			continue;
		best = said;
		*voice = (enum voice)i;
	}
	return best;
}

/* Did we ever tell something that an implied opt-out can take back? */
static bool was_told(const struct fold *fold, const struct ledger *ledger)
{
	struct str id = arena_printf(fold->arena, "%s:%.*s", consent_channel_text(ledger->channel),
				     STR_ARG(ledger->address));
	const struct root_sent *sent = fold_sent(fold, KLAVIYO_CONSENT, id);

	return sent && (sent->exists || sent->wanted_deleted || !digest16_is_zero(sent->wanted));
}

/* ---- telling ---- */

/* Other than before if they left in between: only then an opt-in is told once more. */
static struct digest16 key_of(const struct fold *fold, const struct ledger *ledger, bool subscribed)
{
	const struct statement *left = &ledger->said[VOICE_KLAVIYO];
	int64_t left_ms = subscribed && left->known ? left->at_ms : 0;
	const struct str part[] = {
		subscribed ? STR("subscribed") : STR("unsubscribed"),
		arena_printf(fold->arena, "%" PRId64, left_ms),
	};

	return digest16_of(part, ARRAY_LEN(part));
}

static void tell(struct fold *fold, const struct ledger *ledger, const struct statement *said)
{
	struct activity_view *view = fold->view;
	struct activity_consent *consent =
		ARENA_ARRAY(fold->arena, CONSENT_CHANNEL_COUNT, struct activity_consent);
	struct digest16 *key = ARENA_ARRAY(fold->arena, CONSENT_CHANNEL_COUNT, struct digest16);
	struct str source = fold_text(fold, said->body, "source");

	for (size_t i = 0; i < view->n_consent; i++) {
		consent[i] = view->consent[i];
		key[i] = view->consent_key[i];
	}
	consent[view->n_consent] = (struct activity_consent){
		.channel = ledger->channel,
		.address = ledger->address,
		.subscribed = said->subscribed,
		.at_ms = said->at_ms,
		.source = utf8_cut(source.len > 0 ? source : fold->rules->consent_source, SOURCE_BYTES_MAX),
		.historical = json_get_bool(said->body, "historical", false),
		.list_id = fold->rules->list_id,
	};
	key[view->n_consent] = key_of(fold, ledger, said->subscribed);
	view->consent = consent;
	view->consent_key = key;
	view->n_consent++;
}

static void merge_channel(struct fold *fold, struct ledger *ledger)
{
	const struct statement *said;
	enum voice voice = VOICE_COUNT;

	for (int i = 0; i < VOICE_COUNT; i++)
		ledger->said[i] = read_statement(fold, (enum voice)i, ledger->channel);
	said = judge(fold, ledger, &voice);
	if (!said || voice == VOICE_KLAVIYO)
		return;
	if (ledger->address.len == 0) {
		fold_note(fold, "consent for %s without an address", consent_channel_text(ledger->channel));
		return;
	}
	if (voice == VOICE_FIELD && !said->subscribed && !was_told(fold, ledger))
		return;
	tell(fold, ledger, said);
}

void consent_merge(struct fold *fold, struct str email, struct str phone)
{
	struct ledger ledger[CONSENT_CHANNEL_COUNT] = {
		[CONSENT_EMAIL] = { .channel = CONSENT_EMAIL, .address = email },
		[CONSENT_SMS] = { .channel = CONSENT_SMS, .address = phone },
	};

	for (size_t i = 0; i < ARRAY_LEN(ledger) && fold->rules->send_consent; i++)
		merge_channel(fold, &ledger[i]);
}
