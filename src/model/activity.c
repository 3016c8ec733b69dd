/*
 * Texts of the enums of activity.h.
 *
 * Pure.
 */
#include "model/activity.h"

#include "base/attr.h"

#include <assert.h>

const char *consent_channel_text(enum consent_channel channel)
{
	static const char *const text[] = { [CONSENT_EMAIL] = "email", [CONSENT_SMS] = "sms" };

	assert((size_t)channel < ARRAY_LEN(text));
	return text[channel];
}
