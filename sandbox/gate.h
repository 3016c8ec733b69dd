#ifndef PANNIER_SANDBOX_GATE_H
#define PANNIER_SANDBOX_GATE_H

#include "sandbox/route.h"

/* What a request must pass before its handler, in this order. Each is false with an error left in the call. */

bool gate_key(struct call *call) MUST_CHECK;      /* sets the account */
bool gate_revision(struct call *call) MUST_CHECK;
bool gate_limit(struct call *call) MUST_CHECK;    /* counts the request, sets the rate headers */
bool gate_scope(struct call *call) MUST_CHECK;
bool gate_body(struct call *call) MUST_CHECK;     /* parses it and checks its shape */

#endif
