#ifndef PANNIER_ADMIN_ORDER_STATUS_H
#define PANNIER_ADMIN_ORDER_STATUS_H

#include "admin/look.h"

/* A status that a store's shop gives to orders. Texts live in the look's arena. */
struct order_status {
	struct str id;
	struct str name;           /* as orders bring it */
	const struct json *names;  /* {LANGUAGE: {"title": name}}, NULL = none; belongs to the list */
	struct str state;          /* what it means where order_states says nothing, one of the platform's states; "" = nothing is known */
	bool known;                /* false: nobody says what it means, state is only what it is taken for */
	struct str means;          /* now, "" = nothing */
	bool set;                  /* by order_states */
};

struct order_status_list {
	const struct order_status *at;
	size_t n;
	bool told;                 /* by the shop; false: they are those that shops of its platform come with, if any */
	struct json *facts;        /* owned: order_status_list_free */
};

/* In the order in which the shop told them. */
bool order_status_read(struct look *look, const struct settings_store *store, struct order_status_list *out,
		       struct err *err) MUST_CHECK;
void order_status_list_free(struct order_status_list *list);

/* [{id, name, names, state, known, means}], shape OrderStatus; the caller owns it. */
struct json *order_status_json(const struct order_status_list *list);

/*
 * Can the setting order_states be this for shops of that platform? ERR_INVALID names the status whose state is none, and what there are.
 * A change of another setting is always right.
 */
bool order_status_check(struct str platform, const struct setting_change *change, size_t n, struct err *err) MUST_CHECK;

#endif
