/*
 * The ledger of consent: of what the shop, a customer's profile and Klaviyo say, what counts now, and whether
 * it is ours to tell, to Klaviyo or to the shop.
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
	bool of_former; /* said of another address of the same person */
};

struct ledger {
	enum consent_channel channel;
	struct str address;
	bool former; /* the person is known by another one now */
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

static struct statement read_fact(struct fold *fold, enum voice voice, const struct fold_fact *fact)
{
	struct statement said = { .body = fact->body };
	bool readable = read_state(fold, voice, json_get_text(fact->body, "state"), &said.subscribed);

	said.known = readable && read_at(fold, voice, fact, &said.at_ms);
	return said;
}

/* Had the person the same phone number then? An e-mail address is another one by its nature. */
static bool same_address(struct fold *fold, const struct ledger *ledger, const struct root_fact *of)
{
	if (ledger->channel != CONSENT_SMS || ledger->address.len == 0)
		return false;
	if (str_eq(of->entity.id, ledger->address))
		return true;
	for (size_t i = 0; i < fold->n_kin_fact; i++) {
		const struct fold_fact *kin = &fold->kin_fact[i];

		if (kin->body && str_eq(kin->row->entity.id, of->entity.id) &&
		    str_eq(kin->row->part, STR("customer")))
			return str_eq(contact_read(fold, kin->body, STR("")).phone, ledger->address);
	}
	return false;
}

/* What was said of other addresses of the person: that they left counts for all of them. */
static void hear_kin(struct fold *fold, const struct ledger *ledger, enum voice voice, struct str part,
		     struct statement *best)
{
	for (size_t i = 0; i < fold->n_kin_fact; i++) {
		const struct fold_fact *fact = &fold->kin_fact[i];
		struct statement said;

		if (!fact->body || !str_eq(fact->row->part, part))
			continue;
		said = read_fact(fold, voice, fact);
		said.of_former = !same_address(fold, ledger, fact->row);
		if (said.known && !(said.subscribed && said.of_former) &&
		    (!best->known || said.at_ms > best->at_ms))
			*best = said;
	}
}

static struct statement read_statement(struct fold *fold, enum voice voice, const struct ledger *ledger)
{
	struct str part =
		arena_printf(fold->arena, "%s.%s", voice_row[voice], consent_channel_text(ledger->channel));
	const struct fold_fact *fact = fold_part(fold, part.p);
	struct statement said = { 0 };

	if (fact)
		said = read_fact(fold, voice, fact);
	hear_kin(fold, ledger, voice, part, &said);
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

/* Was Klaviyo told to subscribe the person under a former address? */
static bool kin_was_subscribed(const struct fold *fold, enum consent_channel channel)
{
	struct str start = arena_printf(fold->arena, "%s:", consent_channel_text(channel));

	for (size_t i = 0; i < fold->root->n_kin_sent; i++) {
		const struct root_sent *sent = &fold->root->kin_sent[i];

		if (sent->kind == KLAVIYO_CONSENT && str_starts(sent->external_id, start) &&
		    !sent->wanted_deleted && !digest16_is_zero(sent->wanted))
			return true;
	}
	return false;
}

/* Did we ever tell something that an implied opt-out can take back? */
static bool was_told(const struct fold *fold, const struct ledger *ledger)
{
	struct str id = arena_printf(fold->arena, "%s:%.*s", consent_channel_text(ledger->channel),
				     STR_ARG(ledger->address));
	const struct root_sent *sent = fold_sent(fold, KLAVIYO_CONSENT, id);

	if (sent && (sent->exists || sent->wanted_deleted || !digest16_is_zero(sent->wanted)))
		return true;
	return !ledger->former && kin_was_subscribed(fold, ledger->channel);
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

/* ---- telling the shop ---- */

/* Did the shop itself say, last of all that it said, that they left? */
static bool shop_knows(const struct ledger *ledger)
{
	const struct statement *field = &ledger->said[VOICE_FIELD], *shop = &ledger->said[VOICE_SHOP];

	if (field->known && (!shop->known || field->at_ms > shop->at_ms))
		return !field->subscribed;
	return shop->known && !shop->subscribed;
}

static void tell_shop(struct fold *fold, const struct ledger *ledger, const struct statement *left)
{
	struct activity_view *view = fold->view;
	struct activity_optout *optout =
		ARENA_ARRAY(fold->arena, CONSENT_CHANNEL_COUNT, struct activity_optout);

	if (!fold->rules->tell_optouts || ledger->address.len == 0 || shop_knows(ledger))
		return;
	for (size_t i = 0; i < view->n_optout; i++)
		optout[i] = view->optout[i];
	optout[view->n_optout++] = (struct activity_optout){
		.channel = ledger->channel,
		.address = ledger->address,
		.state = fold_text(fold, left->body, "state"),
		.reason = fold_text(fold, left->body, "reason"),
		.at_ms = left->at_ms,
	};
	view->optout = optout;
}

/* ---- one channel ---- */

/*
 * The profile takes its subscription along to a new address, for which nobody ever opted in: that is taken
 * back.
 */
static void take_back(struct fold *fold, const struct ledger *ledger)
{
	const struct fold_fact *customer = fold_part(fold, "customer");
	struct statement left = { .known = true, .at_ms = fold->now_ms };

	if (customer && customer->row->version > 0 && customer->row->version < fold->now_ms)
		left.at_ms = customer->row->version;
	if (fold->view->has_profile && ledger->address.len > 0 && ledger->channel == CONSENT_EMAIL &&
	    kin_was_subscribed(fold, ledger->channel))
		tell(fold, ledger, &left);
}

/* Has Klaviyo nobody by this address? Told of it, there would be somebody beside the one of now. */
static bool has_left(const struct fold *fold, const struct ledger *ledger)
{
	const struct root_sent *profile = fold_sent(fold, KLAVIYO_PROFILE, fold->root->root.id);
	struct str id = arena_printf(fold->arena, "email:%.*s", STR_ARG(ledger->address));

	if (ledger->channel != CONSENT_EMAIL || !fold->rules->send_profiles)
		return false;
	return profile ? !profile->exists : !fold_sent(fold, KLAVIYO_CONSENT, id);
}

static void merge_channel(struct fold *fold, struct ledger *ledger)
{
	const struct statement *said;
	enum voice voice = VOICE_COUNT;

	for (int i = 0; i < VOICE_COUNT; i++)
		ledger->said[i] = read_statement(fold, (enum voice)i, ledger);
	said = judge(fold, ledger, &voice);
	if (said && voice == VOICE_KLAVIYO && !said->of_former)
		tell_shop(fold, ledger, said);
	if (!fold->rules->send_consent)
		return;
	if (!said && !ledger->former)
		take_back(fold, ledger);
	if (!said || (voice == VOICE_KLAVIYO && !said->of_former) || (ledger->former && said->subscribed))
		return;
	if (ledger->former && has_left(fold, ledger))
		return;
	if (ledger->address.len == 0) {
		fold_note(fold, "consent for %s without an address", consent_channel_text(ledger->channel));
		return;
	}
	if (voice == VOICE_FIELD && !said->subscribed && !was_told(fold, ledger))
		return;
	tell(fold, ledger, said);
}

void consent_merge(struct fold *fold, struct str email, struct str phone, bool former)
{
	struct ledger ledger[CONSENT_CHANNEL_COUNT] = {
		[CONSENT_EMAIL] = { .channel = CONSENT_EMAIL, .address = email, .former = former },
		[CONSENT_SMS] = { .channel = CONSENT_SMS, .address = phone, .former = former },
	};

	for (size_t i = 0; i < ARRAY_LEN(ledger); i++)
		merge_channel(fold, &ledger[i]);
}
