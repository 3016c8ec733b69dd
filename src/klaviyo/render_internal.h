#ifndef PANNIER_KLAVIYO_RENDER_INTERNAL_H
#define PANNIER_KLAVIYO_RENDER_INTERNAL_H

#include "base/json.h"
#include "klaviyo/render.h"
#include "model/activity.h"

/* What render.c (resources) and render_request.c (requests) share. */

struct render_kind {
	const char *type; /* "catalog-item" */
	const char *list; /* name of the list in a catalog's bulk job: "items" */
};
const struct render_kind *render_kind(enum klaviyo_kind kind);

/* ,"name":"text" */
void render_put_text(struct strbuf *out, const char *name, struct str text);
/* {"type":..,"id":..} of something referred to. */
void render_put_reference(struct strbuf *out, enum klaviyo_kind kind, struct str external_id,
			  struct arena *arena);
/* The contents as text of the arena; the buffer is released. */
struct str render_take(struct strbuf *buffer, struct arena *arena);

/* ---- stored resources, read again (render_request.c) ---- */

#define RENDER_MEMBERS_MAX 24

struct str render_find_member(const struct json_member *member, size_t n, const char *name);
/* Sets ERR_INVALID: what is stored is not what it should be. False. */
bool render_bad_body(const struct delivery *delivery, struct err *err);
/* Is the body an object of the right type with attributes? Its members go to member. */
bool render_read_resource(const struct delivery *delivery, struct json_member member[static RENDER_MEMBERS_MAX],
			  size_t *n, struct err *err) MUST_CHECK;

/* ---- requests ---- */

/* {id} of the path becomes the compound id. */
struct str render_url(struct str api_url, enum endpoint endpoint, struct str external_id, struct arena *arena);

struct render_batch {
	const struct delivery *delivery;
	size_t n;
	enum delivery_op op;
	bool bulk;
	int64_t now_ms;
	const struct metric_windows *window;
	struct arena *arena;
};
/* Of events, profiles and consents (render_batch.c); a body that is too large shows by out->overflow. */
bool render_events(const struct render_batch *batch, struct strbuf *out, struct err *err) MUST_CHECK;
bool render_profiles(const struct render_batch *batch, struct strbuf *out, struct err *err) MUST_CHECK;
bool render_consents(const struct render_batch *batch, struct strbuf *out, struct err *err) MUST_CHECK;

/* Asks for the profile known by that e-mail address or phone number (render_lookup.c). */
struct klaviyo_request render_profile_question(struct str api_url, struct str person, struct arena *arena);

/* What the rows of a consent request have in common, out of their parent_external_id; false: it is none. */
struct render_group {
	struct str list_id;
	bool historical;
	struct str source;
};
bool render_group_read(struct str group, struct render_group *out);

/* ---- events of one batch, as they are nested in the request (event_rows.c) ---- */

struct event_row {
	struct json_member *member; /* of attributes */
	size_t n_member;
	size_t entry;              /* place of its profile's entry among the entries */
	size_t at;                 /* place within the entry */
	bool repeated;             /* an earlier row says the same; entry and at are that row's */
};
/* Consecutive events of one profile share an entry. One row per delivery. ERR_INVALID: a body is no event. */
bool event_rows_read(const struct delivery *delivery, size_t n, struct arena *arena, struct event_row **out,
		     struct err *err) MUST_CHECK;
struct str event_row_profile(const struct event_row *row);

/* ---- mending what is stored (mend.c) ---- */

/*
 * The stored resource of an event or profile without its phone number; false if it has none, or would then say no more whom it is about.
 */
bool mend_phone(const struct delivery *delivery, struct arena *arena, struct str *out);
/* The stored resource of a profile with Klaviyo's id of it. */
struct str mend_with_id(struct str profile, struct str id, struct arena *arena);
/* The stored resource of a profile without that; false if it has none. */
bool mend_id(const struct delivery *delivery, struct arena *arena, struct str *out);

/* ---- objects of events and profiles (render_object.c) ---- */

/* What did not fit, for the audit. */
struct render_cuts {
	char text[64];             /* name of the first text that was cut */
	size_t text_bytes_max;     /* and where */
	size_t n_text;
	size_t n_element;          /* of lists */
	size_t n_property;
	size_t n_item;
	bool email;
	bool time;
};
/* "" if nothing was cut. */
struct str render_cuts_text(const struct render_cuts *cuts, struct arena *arena);

/*
 * The members of one object, written one after the other. What is empty is left out; so is, and counted, what does not fit.
 */
struct render_object {
	struct strbuf *out;
	struct arena *arena;
	struct render_cuts *cuts;
	size_t bytes_max;          /* of out as a whole; its own ceiling must be well above */
	size_t text_bytes_max;     /* of one text */
	size_t n;
	size_t n_max;
};
void render_open(struct render_object *object);
void render_close(struct render_object *object);
/* A nested object with the ceilings of its parent; false if there is no room for one more member. */
bool render_open_member(struct render_object *object, const char *name, struct render_object *member);
/* Closes it; one without members is taken back. */
void render_close_member(struct render_object *object, struct render_object *member, size_t before);

void render_text(struct render_object *object, const char *name, struct str text);
/* The name comes from outside. */
void render_named_text(struct render_object *object, struct str name, struct str text);
/* As a number if it is one, else as text. */
void render_number(struct render_object *object, const char *name, struct str decimal);
void render_int(struct render_object *object, const char *name, int64_t value);
void render_money(struct render_object *object, const char *name, struct money amount);
void render_list(struct render_object *object, const char *name, const struct str *text, size_t n);
/* JSON as it stands. */
void render_json(struct render_object *object, const char *name, const char *json);

/* ---- parts of events ---- */

#define RENDER_TEXT_BYTES_MAX	  100000
#define RENDER_ELEMENTS_MAX	  4000
#define RENDER_PROPERTIES_MAX	  300
#define RENDER_EVENT_BYTES_MAX	  1000000
/* All properties but Items, and what stands before them. */
#define RENDER_HEAD_BYTES_MAX	  600000
#define RENDER_PROFILE_BYTES_MAX  90000 /* Klaviyo: 95 KB in an event, 100 KB alone */
#define RENDER_OUT_BYTES_MAX	  ((size_t)KLAVIYO_BODY_BYTES_MAX)

/* The member "properties" of an event (render_properties.c). */
void render_properties(struct render_object *attributes, const struct activity_event *event);
/* The list "Items"; of carts, whose lines say ProductCategories (render_items.c). */
void render_items(struct render_object *properties, const struct activity_line *line, size_t n, bool cart);
/* Texts of all lines without repetition: one member each (render_items.c). */
void render_item_names(struct render_object *properties, const struct activity_line *line, size_t n);
void render_brands(struct render_object *properties, const struct activity_line *line, size_t n);
/* first may be NULL: a line whose categories come before those of the others. */
void render_categories(struct render_object *properties, const char *name, const struct activity_line *first,
		       const struct activity_line *line, size_t n);
/* What a profile's attributes are: all, or only those by which it is known. */
enum render_profile { RENDER_PROFILE_WHOLE, RENDER_PROFILE_IDS };
void render_profile_attributes(struct render_object *attributes, const struct activity_profile *profile,
			       enum render_profile what, bool in_event);

#endif
