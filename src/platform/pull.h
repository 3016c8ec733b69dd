#ifndef PANNIER_PLATFORM_PULL_H
#define PANNIER_PLATFORM_PULL_H

#include "base/arena.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/str.h"
#include "net/http_server.h"

/*
 * Pulling: what a shop holds, asked for page by page. A platform says which request to make and what its answer means, as pure code;
 * flow/pull.c makes it, keeps the place (the cursor) together with what was read, waits and goes on.
 */

/* What can be pulled, in the order in which it is. name, its word in commands, JSON and settings */
#define PULL_KINDS(X) \
	X(PULL_CUSTOMERS, "customers") \
	X(PULL_SUBSCRIBERS, "subscribers") \
	X(PULL_CATEGORIES, "categories") \
	X(PULL_PRODUCTS, "products") \
	X(PULL_VARIANTS, "variants") \
	X(PULL_ORDERS, "orders")

enum pull_kind {
#define PULL_KIND_ENUM(name, text) name,
	PULL_KINDS(PULL_KIND_ENUM)
#undef PULL_KIND_ENUM
	PULL_KIND_COUNT
};

const char *pull_kind_text(enum pull_kind kind);
bool pull_kind_parse(struct str text, enum pull_kind *out);

/* Which page is wanted. */
struct pull_ask {
	enum pull_kind kind;
	struct str cursor;           /* pull_page.next of the page before; "" = the first page */
	int64_t from_ms;             /* only what changed (orders: was placed or changed) since then; 0 = all */
	int64_t to_ms;               /* and before then; 0 = all */
	struct str token;            /* the newest pull_page.token; "" = there is none */
	bool token_denied;           /* the shop does not take it any more: get another */
	int64_t now_ms;
	struct digest16 nonce;       /* chance, for signatures and ids */
};

struct pull_request {
	const char *method;          /* "GET", "POST" */
	struct str url;              /* absolute http or https */
	const struct http_header *header;
	size_t n_header;
	struct str body;             /* "" = none */
	bool for_token;              /* it asks for a token first, not for the page */
};

struct pull_answer {
	int status;
	struct str body;
	const struct http_header *header;
	size_t n_header;
};

enum pull_verdict {
	PULL_PAGE,                   /* read */
	PULL_TOKEN,                  /* the answer to a request for_token: ask again with it */
	PULL_DENIED,                 /* the token is no longer good: ask again, with token_denied */
	PULL_WAIT,                   /* the shop asks for patience; no failed attempt */
	PULL_AGAIN,                  /* a failed attempt: it may work later */
	PULL_REFUSED                 /* the same again fails again: a person has to look at it */
};

struct pull_reject {
	int64_t item;                /* of the page, from 1 */
	struct str why;
};

#define PULL_ITEMS_MAX 20000   /* of one page */
#define PULL_CURSOR_BYTES_MAX 4000

/* What an answer means. Texts in the arena or of the answer. */
struct pull_page {
	enum pull_verdict verdict;
	struct str reason;           /* for people: what is wrong; "" for PAGE and TOKEN */
	int64_t wait_ms;             /* WAIT, AGAIN: not sooner than this; 0 = nothing was said */

	/* TOKEN */
	struct str token;            /* the platform's own text, with all it needs next time; sealed where it is kept */

	/* PAGE */
	const struct str *message;   /* canonical messages, oldest first: JSON objects with type and data (docs/platforms/generic.md) */
	size_t n_message;
	const struct pull_reject *reject;
	size_t n_reject;
	size_t n_item;               /* what they were made of */
	struct str next;             /* cursor of the next page, at most PULL_CURSOR_BYTES_MAX bytes */
	bool end;                    /* there is no next page */
	int64_t total;               /* items of all pages; 0 = not known */
};

struct platform_store;

struct platform_pull {
	/*
	 * The messages are in the form of the platform's own webhooks and read by its map; false: in that of the generic platform.
	 */
	bool own_form;

	/*
	 * Can this be pulled, as the store is set up? ERR_INVALID says what is missing. dates: with from or to; NULL allowed in *by_date,
	 * which says whether they can be asked for.
	 */
	bool (*offers)(const struct platform_store *store, enum pull_kind kind, bool *by_date, struct err *err);

	/* The request for a page, or for a token first. ERR_INVALID: the settings make none. */
	bool (*fetch_page)(const struct platform_store *store, const struct pull_ask *ask, struct arena *arena,
			   struct pull_request *out, struct err *err);

	/* What the answer to that request means. Call pull_judge first. */
	void (*read_page)(const struct platform_store *store, const struct pull_ask *ask, const struct pull_request *request,
			  const struct pull_answer *answer, struct arena *arena, struct pull_page *out);
};

/*
 * What every platform makes of a status: true: the answer is a success and its body one JSON value, to be read. Otherwise *out says what to
 * do: 401 with a token DENIED; 429, and 503 with Retry-After, WAIT; 408, 425, 5xx, and what is no JSON (a page of HTML), AGAIN; else
 * REFUSED.
 */
bool pull_judge(const struct pull_ask *ask, const struct pull_request *request, const struct pull_answer *answer,
		struct arena *arena, struct pull_page *out);

/* "" if it is not there. */
struct str pull_header(const struct pull_answer *answer, const char *name);

#endif
