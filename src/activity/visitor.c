/* stub */
#include "activity/fold_internal.h"
void visitor_merge(struct fold *fold)
{
	(void)fold;
}
