/*
 * Hand in: messages of a person in the place of the shop, for trying and for mending by hand.
 *
 * Does:    identify as ingest does, append, and say in the audit who it was.
 * Threads: any.
 */
#include "flow/hand_in.h"

#include "base/wake.h"
#include "flow/flow_internal.h"

#define MESSAGES_MAX 200

static struct str only_content_type(const void *from, const char *name)
{
	const struct str *content_type = from;

	return str_eq_nocase(str_from(name), STR("Content-Type")) ? *content_type : (struct str){ 0 };
}

static bool identify(struct flow_ctx *ctx, const struct settings_store *store, struct str content_type,
		     struct str body, struct arena *arena, struct platform_message **message, size_t *n,
		     struct err *err)
{
	const struct platform_ops *platform = platform_find(store->platform);
	struct platform_store view = flow_platform_store(store);
	struct platform_request request = {
		.content_type = content_type,
		.body = body,
		.header = only_content_type,
		.from = &content_type,
		.now_ms = clock_wall_ms(ctx->clock),
	};

	*n = 0;
	if (!platform)
		return err_set(err, ERR_INVALID, "no platform '%.*s'", STR_ARG(store->platform));
	if (!platform->identify(&view, &request, MESSAGES_MAX, arena, message, n, err))
		return false;
	return *n > 0 || err_set(err, ERR_INVALID, "there is no message in it");
}

static bool say_who(struct flow_ctx *ctx, int64_t store_id, struct str by, struct arena *arena,
		    const struct inbox_receipt *receipt, size_t n, struct err *err)
{
	struct audit_row *row = ARENA_ARRAY(arena, n, struct audit_row);

	for (size_t i = 0; i < n; i++)
		row[i] = (struct audit_row){ .at_ms = clock_wall_ms(ctx->clock),
					     .code = AUDIT_PERSON_SENT,
					     .store_id = store_id,
					     .message_id = receipt[i].id,
					     .reason = arena_printf(arena, "by %.*s", STR_ARG(by)) };
	return db_audit_append(ctx->db, row, n, err);
}

bool hand_in(struct flow_ctx *ctx, const struct settings_store *store, struct str content_type,
	     struct str body, struct str by, struct arena *arena, struct inbox_receipt **receipt, size_t *n,
	     struct err *err)
{
	struct platform_message *message = NULL;
	struct inbox_record *record;

	if (!identify(ctx, store, content_type, body, arena, &message, n, err))
		return false;
	record = ARENA_ARRAY(arena, *n, struct inbox_record);
	*receipt = ARENA_ARRAY(arena, *n, struct inbox_receipt);
	for (size_t i = 0; i < *n; i++)
		record[i] = (struct inbox_record){
			.store_id = store->id,
			.received_ms = clock_wall_ms(ctx->clock),
			.topic = message[i].topic,
			.source_id = message[i].source_id,
			.body = message[i].body,
			.slot = message[i].slot,
			.key = message[i].key,
		};
	if (!db_inbox_append(ctx->db, record, *n, *receipt, err) ||
	    !say_who(ctx, store->id, by, arena, *receipt, *n, err))
		return false;
	if (ctx->wake && ctx->wake->map)
		wake_send(ctx->wake->map);
	return true;
}
