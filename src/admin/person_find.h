#ifndef PANNIER_ADMIN_PERSON_FIND_H
#define PANNIER_ADMIN_PERSON_FIND_H

#include "admin/look.h"

/* All that a store keeps of a person, under all addresses of the same customer, by ids; in the run's arena. */
struct person_found {
	int64_t store_id;
	struct entity *root;       /* the person first, each once */
	size_t n_root;
	int64_t *message;          /* each once, by id */
	size_t n_message;
	int64_t *delivery;
	size_t n_delivery;
	struct audit_row *audit;   /* each once, by id */
	size_t n_audit;
};
bool person_find(struct look *look, int64_t store_id, struct str email, struct person_found *out,
		 struct err *err) MUST_CHECK;
/* Does the store keep anything of the person? */
bool person_known(struct look *look, int64_t store_id, struct str email, bool *known, struct err *err) MUST_CHECK;

/* Puts the message person.erased into the inbox of each of n stores. */
bool person_erase(struct look *look, struct str email, const int64_t *store_id, size_t n, struct inbox_receipt *receipt,
		  struct err *err) MUST_CHECK;

#endif
