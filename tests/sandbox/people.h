#ifndef PANNIER_TESTS_SANDBOX_PEOPLE_H
#define PANNIER_TESTS_SANDBOX_PEOPLE_H

#include "rig.h"

/* Bodies about events and people, as literals. */

#define EVENTS	       "/api/events"
#define EVENTS_BULK    "/api/event-bulk-create-jobs"
#define PROFILES       "/api/profiles"
#define PROFILE_IMPORT "/api/profile-import"
#define IMPORTS	       "/api/profile-bulk-import-jobs"
#define LISTS	       "/api/lists"
#define SUBSCRIBE      "/api/profile-subscription-bulk-create-jobs"
#define UNSUBSCRIBE    "/api/profile-subscription-bulk-delete-jobs"
#define DELETION       "/api/data-privacy-deletion-jobs"

#define METRIC(name)	       "\"metric\":{\"data\":{\"type\":\"metric\",\"attributes\":{\"name\":\"" name "\"}}}"
#define PROFILE_OF(attributes) "\"profile\":{\"data\":{\"type\":\"profile\",\"attributes\":{" attributes "}}}"
#define EMAIL(address)	       "\"email\":\"" address "\""
/* more: ",\"value\":1" or "" */
#define EVENT(name, profile, more) \
	"{\"data\":{\"type\":\"event\",\"attributes\":{\"properties\":{\"a\":1}," METRIC( \
		name) "," PROFILE_OF(profile) more "}}}"
#define ROW_EVENT(name, more) "{\"type\":\"event\",\"attributes\":{\"properties\":{}," METRIC(name) more "}}"
#define ENTRY(profile, events) \
	"{\"type\":\"event-bulk-create\",\"attributes\":{" PROFILE_OF( \
		profile) ",\"events\":{\"data\":[" events "]}}}"
#define BULK(entries) \
	"{\"data\":{\"type\":\"event-bulk-create-job\",\"attributes\":{\"events-bulk-create\":{\"data\":" \
	"[" entries "]}}}}"
#define PROFILE(attributes)    "{\"data\":{\"type\":\"profile\",\"attributes\":{" attributes "}}}"
#define IMPORT_ROW(attributes) "{\"type\":\"profile\",\"attributes\":{" attributes "}}"
#define IMPORT(rows, relation) \
	"{\"data\":{\"type\":\"profile-bulk-import-job\",\"attributes\":{\"profiles\":{\"data\":[" rows \
	"]}}" relation "}}"
#define LIST(attributes) "{\"data\":{\"type\":\"list\",\"attributes\":{" attributes "}}}"
#define DELETE_PROFILE(profile) \
	"{\"data\":{\"type\":\"data-privacy-deletion-job\",\"attributes\":{\"profile\":{\"data\":{\"type\":" \
	"\"profile\"," profile "}}}}}"
#define GIVEN(more) "\"subscriptions\":{\"email\":{\"marketing\":{\"consent\":\"SUBSCRIBED\"" more "}}}"
#define ENDED	    "\"subscriptions\":{\"email\":{\"marketing\":{\"consent\":\"UNSUBSCRIBED\"}}}"
#define SUBSCRIPTION(rows, more, relation) \
	"{\"data\":{\"type\":\"profile-subscription-bulk-create-job\",\"attributes\":{\"profiles\":{" \
	"\"data\":[" rows "]}" more "}" relation "}}"
#define UNSUBSCRIPTION(rows, relation) \
	"{\"data\":{\"type\":\"profile-subscription-bulk-delete-job\",\"attributes\":{\"profiles\":{" \
	"\"data\":[" rows "]}}" relation "}}"

#endif
