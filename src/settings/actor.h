#ifndef PANNIER_SETTINGS_ACTOR_H
#define PANNIER_SETTINGS_ACTOR_H

#include "base/str.h"

/* Who changes settings, for the audit of what this thread changes from now on: "... (by ann)". "" = nobody is named. Borrowed until it
 * is set anew. */
void settings_act_as(struct str actor);

#endif
