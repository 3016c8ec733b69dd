#ifndef PANNIER_TESTS_SIM_SHOP_H
#define PANNIER_TESTS_SIM_SHOP_H

#include "base/strbuf.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Shops: what they have (the truth), what they do, and how they tell it. Each change is a signed message of the generic
 * platform; requests that fail are sent again as the shop's software does it, until it gives up.
 */
void shops_open(void);
void shops_close(void);
/* Plans what the shops do until that time. */
void shops_begin(int64_t until_ms);
/* The end of the first phase: every shop tells everything it has once more, until it is taken in. */
void shops_tell_all(void);
/* Nothing is on its way any more. */
bool shops_are_done(void);
/* When whoever has this address said yes last; 0 = never. */
int64_t shop_yes_ms(const char *email);
/* Somebody of the account, for leaving in Klaviyo; NULL if there is nobody. */
const char *shop_anybody(int account);
/* The numbers of the messages, from first to before end, that the shop said last on this page of a kind. False: never. */
bool shop_page_served(int number, const char *kind, int64_t page, int64_t *first, int64_t *end);
void shop_message_id(int number, int64_t message, char *out, size_t size); /* "s0-m17" */
struct shop;
/* Somebody is erased at that time, and begins anew. */
void shop_erase(struct shop *one, int person, int64_t at_ms);
/* The same, told by the shop until it is taken in; not of whoever is leaving already. */
void shop_tell_erased(struct shop *one, int person);
/* Something changes there: each change has its own time. */
void shop_take_time(struct shop *one);
bool shop_order_is_erased(const struct shop *one, int order);
/* Does the shop go on telling of the order? */
bool shop_order_is_kept(const struct shop *one, int order);
/* What is in Klaviyo is what the shops have; fails the run otherwise. */
void shops_compare(void);

/* ---- the inside ---- */
#define SHOPS_MAX 3
#define PRODUCTS_MAX 12
#define VARIANTS_MAX 3
#define CATEGORIES 3
#define PEOPLE_MAX 10
#define ORDERS_MAX 400
#define ADDRESSES_MAX 5 /* of a customer, one after the other */

struct variant {
	bool exists;
	int64_t cents;
	int64_t stock;
};
struct product {
	bool exists;
	bool told;                 /* was ever told */
	bool poison;
	int64_t version;           /* of its title */
	int64_t before;            /* the one before; 0 = none */
	bool in_category[CATEGORIES];
	struct variant variant[VARIANTS_MAX];
};
#define EMAIL_BYTES 48
enum order_state { ORDER_PLACED, ORDER_FULFILLED, ORDER_CANCELLED };
struct order {
	int person;
	char email[EMAIL_BYTES];   /* theirs at that time */
	enum order_state state;
	int64_t placed_ms;
	int64_t ended_ms;
};
/* An address that a customer had, and what was said of it. */
struct former {
	char email[EMAIL_BYTES];
	int64_t consent_ms;
	int64_t yes_ms;
	bool subscribed;
};
struct person {
	char email[EMAIL_BYTES];
	int64_t version;           /* of the first name; 0 = never told */
	int64_t told_ms;
	int64_t consent_ms;        /* 0 = never asked */
	int64_t yes_ms;            /* when they last said yes; 0 = never */
	bool subscribed;
	int64_t erased_ms;         /* what happened until then is nobody's any more; 0 = never */
	bool by_shop;              /* the shop told of it */
	bool leaving;              /* the shop waits for that, or a new address, to be taken in: until then they do nothing there */
	bool forgotten;            /* the shop itself keeps nothing of it; else it may go on telling old things */
	bool established;          /* the shop has told, or tells now until it is taken in, that the address is this customer's */
	char before[EMAIL_BYTES];  /* the address before the last move */
	struct former former[ADDRESSES_MAX - 1];
	int n_former;
};
struct shop {
	int number;
	int account;
	int64_t newest_ms;         /* time of the newest change: no two have the same */
	int64_t n_change;
	int64_t n_message;
	int64_t category_version[CATEGORIES];
	int64_t category_before[CATEGORIES];
	struct product product[PRODUCTS_MAX];
	struct person person[PEOPLE_MAX];
	struct order order[ORDERS_MAX];
	int n_order;
	int n_failure;             /* in a row */
	int64_t disabled_until_ms;
	int n_under_way;
	int64_t until_ms;
};
extern struct shop shop[SHOPS_MAX];

/* Of a variant that is told where feeds are read: of the shop, the product, the variant, and the product's version. */
#define SHOP_SKU "SKU.%d.%d.%d.r%" PRId64

/* Of nobody else, with the numbers of the shop and the person. */
#define SHOP_LAST_NAME "Canary-of-%d-%d"
#define SHOP_PHONE "+49151%04d%04d"

/* ---- shop_text.c: messages; each is one JSON object with an id of its own, at the time of shop->newest_ms ---- */
void shop_write_product(struct shop *one, int product, struct strbuf *out);
void shop_write_deleted(struct shop *one, int product, struct strbuf *out);
void shop_write_price(struct shop *one, int product, int variant, struct strbuf *out);
void shop_write_stock(struct shop *one, int product, int variant, struct strbuf *out);
void shop_write_category(struct shop *one, int category, struct strbuf *out);
void shop_write_order(struct shop *one, int order, enum order_state state, struct strbuf *out);
void shop_write_person(struct shop *one, int person, struct strbuf *out);
void shop_write_consent(struct shop *one, int person, struct strbuf *out);
void shop_write_erased(struct shop *one, int person, struct strbuf *out); /* each erasure has one id */

/* ---- shop_post.c ---- */
/* Takes over body: one message, or several in an array. */
void shop_post(struct shop *one, struct strbuf *body);
/* The same for what is never given up, an erasure or an address: the person has done leaving when it is taken in. */
void shop_post_certain(struct shop *one, int person, struct strbuf *body);
void shop_post_reset(void);

/* ---- shop_page.c ---- */
void shop_page_reset(void);

#endif
