#ifndef PANNIER_CLI_PERSON_FIND_H
#define PANNIER_CLI_PERSON_FIND_H

#include "cli/command.h"

/* Persons on the command line; used by erase and export. */

/* The first argument as an e-mail address in its form. ERR_INVALID: it is none. */
bool person_argument(struct cli *cli, struct str *email, struct err *err) MUST_CHECK;

/* All that a store keeps of a person, by ids; in the run's arena. */
struct person_found {
	int64_t store_id;
	const struct entity *root; /* the person first */
	size_t n_root;
	int64_t *message;          /* each once, by id */
	size_t n_message;
	int64_t *delivery;
	size_t n_delivery;
	struct audit_row *audit;
	size_t n_audit;
};
bool person_find(struct cli *cli, int64_t store_id, struct str email, struct person_found *out,
		 struct err *err) MUST_CHECK;
/* Does the store keep anything of the person? */
bool person_known(struct cli *cli, int64_t store_id, struct str email, bool *known, struct err *err) MUST_CHECK;

#endif
