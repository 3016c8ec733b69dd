/* stub */
#include "activity/fold_internal.h"
void person_merge(struct fold *fold)
{
	(void)fold;
}
