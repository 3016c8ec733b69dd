#ifndef PANNIER_SANDBOX_EVENT_RENDER_H
#define PANNIER_SANDBOX_EVENT_RENDER_H

#include "sandbox/people.h"
#include "sandbox/query.h"

/* Events and metrics as JSON:API. */

/* 11 letters and digits, made of the number, NUL-terminated; event_id_read is false if text is none. */
#define EVENT_ID_BYTES 12
void event_id(int64_t number, char id[static EVENT_ID_BYTES]);
bool event_id_read(struct str text, int64_t *number);

void render_event(struct call *call, const struct event *event, const struct query *query, struct strbuf *out);
void render_metric(struct call *call, const struct metric *metric, const struct query *query, struct strbuf *out);
/* Appends the properties with $event_id, and $value where there is one. */
void render_event_properties(const struct event *event, struct strbuf *out);

#endif
