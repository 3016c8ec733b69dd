#ifndef PANNIER_KLAVIYO_PAGE_H
#define PANNIER_KLAVIYO_PAGE_H

#include "base/arena.h"
#include "net/http_client.h"

/*
 * The query of the next page of a list ("page%5Bcursor%5D=..."), in the arena; "" if this is the last. Only the query of
 * links.next is taken: a page is always asked for where the first one was.
 */
struct str klaviyo_page_next(const struct http_answer *answer, struct arena *arena);

#endif
