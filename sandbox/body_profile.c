/*
 * The shape of bodies about profiles, imports, lists and deletions.
 *
 * Doesn't: ask for an identifier, or for one that is free (profile_change.c).
 * Threads: const data.
 */
#include "sandbox/body.h"

#define MUST	SHAPE_REQUIRED
#define NULL_OK SHAPE_NULLABLE

static const struct shape_field location_field[] = {
	{ "address1", SHAPE_TEXT, NULL_OK },
	{ "address2", SHAPE_TEXT, NULL_OK },
	{ "city", SHAPE_TEXT, NULL_OK },
	{ "country", SHAPE_TEXT, NULL_OK },
	{ "latitude", SHAPE_TEXT_OR_NUMBER, NULL_OK },
	{ "longitude", SHAPE_TEXT_OR_NUMBER, NULL_OK },
	{ "region", SHAPE_TEXT, NULL_OK },
	{ "zip", SHAPE_TEXT, NULL_OK },
	{ "timezone", SHAPE_TEXT, NULL_OK },
	{ "ip", SHAPE_TEXT, NULL_OK },
};
const struct shape profile_location_shape = SHAPE("profile", location_field);

static const struct shape_field patch_properties_field[] = {
	{ "append", SHAPE_TREE, NULL_OK },
	{ "unappend", SHAPE_TREE, NULL_OK },
	{ "unset", SHAPE_TEXT_OR_TEXTS, NULL_OK },
};
static const struct shape patch_properties = SHAPE("profile", patch_properties_field);
static const struct shape_field patch_identifiers_field[] = {
	{ "append", SHAPE_TREE, 0 },
	{ "unappend", SHAPE_TREE, 0 },
};
static const struct shape patch_identifiers = SHAPE("profile", patch_identifiers_field);
static const struct shape_field meta_field[] = {
	{ "patch_properties", SHAPE_OBJECT, 0, .shape = &patch_properties },
	{ "patch_identifiers", SHAPE_OBJECT, 0, .shape = &patch_identifiers },
};
const struct shape profile_meta_shape = SHAPE("profile", meta_field);

/* ---- one profile ---- */

static const struct shape_field attribute_field[] = {
	PROFILE_IDENTIFIER_FIELDS,
	PROFILE_VALUE_FIELDS,
};
static const struct shape attributes = SHAPE("profile", attribute_field);

static const struct shape_field import_attribute_field[] = {
	PROFILE_IDENTIFIER_FIELDS,
	{ "_kx", SHAPE_TEXT, NULL_OK },
	PROFILE_VALUE_FIELDS,
};
static const struct shape import_attributes = SHAPE("profile", import_attribute_field);

static const struct shape_field import_field[] = {
	{ "type", SHAPE_TEXT, MUST, .only = "profile" },
	{ "id", SHAPE_NAME, NULL_OK },
	{ "attributes", SHAPE_OBJECT, MUST, .shape = &import_attributes },
	{ "meta", SHAPE_OBJECT, 0, .shape = &profile_meta_shape },
};
static const struct shape import = SHAPE("profile", import_field);
static const struct shape_field import_body_field[] = {
	{ "data", SHAPE_OBJECT, MUST, .shape = &import },
};
const struct shape body_profile_import = SHAPE("profile", import_body_field);

static const struct shape_field create_field[] = {
	{ "type", SHAPE_TEXT, MUST, .only = "profile" },
	{ "attributes", SHAPE_OBJECT, MUST, .shape = &attributes },
};
static const struct shape create = SHAPE("profile", create_field);
static const struct shape_field create_body_field[] = {
	{ "data", SHAPE_OBJECT, MUST, .shape = &create },
};
const struct shape body_profile_create = SHAPE("profile", create_body_field);

static const struct shape_field update_field[] = {
	{ "type", SHAPE_TEXT, MUST, .only = "profile" },
	{ "id", SHAPE_NAME, MUST },
	{ "attributes", SHAPE_OBJECT, MUST, .shape = &attributes },
	{ "meta", SHAPE_OBJECT, 0, .shape = &profile_meta_shape },
};
static const struct shape update = SHAPE("profile", update_field);
static const struct shape_field update_body_field[] = {
	{ "data", SHAPE_OBJECT, MUST, .shape = &update },
};
const struct shape body_profile_update = SHAPE("profile", update_body_field);

/* ---- the import of many ---- */

static const struct shape_field list_link_field[] = {
	{ "type", SHAPE_TEXT, MUST, .only = "list" },
	{ "id", SHAPE_NAME, MUST },
};
static const struct shape list_link = SHAPE("list", list_link_field);
static const struct shape_field list_links_field[] = {
	{ "data", SHAPE_LIST, 0, .shape = &list_link },
};
static const struct shape list_links = SHAPE("list", list_links_field);
static const struct shape_field import_relation_field[] = {
	{ "lists", SHAPE_OBJECT, 0, .shape = &list_links },
};
static const struct shape import_relation = SHAPE("profile-bulk-import-job", import_relation_field);
static const struct shape_field import_rows_field[] = {
	{ "data", SHAPE_LIST, MUST, .shape = &import, .low = 1, .high = IMPORT_ROWS_MAX },
};
static const struct shape import_rows = SHAPE("profile-bulk-import-job", import_rows_field);
static const struct shape_field import_job_attribute_field[] = {
	{ "profiles", SHAPE_OBJECT, MUST, .shape = &import_rows },
};
static const struct shape import_job_attributes =
	SHAPE("profile-bulk-import-job", import_job_attribute_field);
static const struct shape_field import_job_field[] = {
	{ "type", SHAPE_TEXT, MUST, .only = "profile-bulk-import-job" },
	{ "attributes", SHAPE_OBJECT, MUST, .shape = &import_job_attributes },
	{ "relationships", SHAPE_OBJECT, 0, .shape = &import_relation },
};
static const struct shape import_job = SHAPE("profile-bulk-import-job", import_job_field);
static const struct shape_field import_job_body_field[] = {
	{ "data", SHAPE_OBJECT, MUST, .shape = &import_job },
};
const struct shape body_import_job = SHAPE("profile-bulk-import-job", import_job_body_field);

/* ---- lists ---- */

static const struct shape_field list_attribute_field[] = {
	{ "name", SHAPE_NAME, MUST },
	{ "opt_in_process", SHAPE_TEXT, NULL_OK, .only = "double_opt_in|single_opt_in" },
};
static const struct shape list_attributes = SHAPE("list", list_attribute_field);
static const struct shape_field list_field[] = {
	{ "type", SHAPE_TEXT, MUST, .only = "list" },
	{ "attributes", SHAPE_OBJECT, MUST, .shape = &list_attributes },
};
static const struct shape list = SHAPE("list", list_field);
static const struct shape_field list_body_field[] = {
	{ "data", SHAPE_OBJECT, MUST, .shape = &list },
};
const struct shape body_list_create = SHAPE("list", list_body_field);

/* ---- deletion ---- */

static const struct shape_field deleted_attribute_field[] = {
	{ "email", SHAPE_EMAIL, NULL_OK },
	{ "phone_number", SHAPE_PHONE, NULL_OK },
};
static const struct shape deleted_attributes = SHAPE("profile", deleted_attribute_field);
static const struct shape_field deleted_field[] = {
	{ "type", SHAPE_TEXT, MUST, .only = "profile" },
	{ "id", SHAPE_NAME, NULL_OK },
	{ "attributes", SHAPE_OBJECT, MUST, .shape = &deleted_attributes },
};
static const struct shape deleted = SHAPE("profile", deleted_field);
static const struct shape_field deleted_data_field[] = {
	{ "data", SHAPE_OBJECT, MUST, .shape = &deleted },
};
static const struct shape deleted_data = SHAPE("profile", deleted_data_field);
static const struct shape_field deletion_attribute_field[] = {
	{ "profile", SHAPE_OBJECT, MUST, .shape = &deleted_data },
};
static const struct shape deletion_attributes = SHAPE("data-privacy-deletion-job", deletion_attribute_field);
static const struct shape_field deletion_field[] = {
	{ "type", SHAPE_TEXT, MUST, .only = "data-privacy-deletion-job" },
	{ "attributes", SHAPE_OBJECT, MUST, .shape = &deletion_attributes },
};
static const struct shape deletion = SHAPE("data-privacy-deletion-job", deletion_field);
static const struct shape_field deletion_body_field[] = {
	{ "data", SHAPE_OBJECT, MUST, .shape = &deletion },
};
const struct shape body_deletion = SHAPE("data-privacy-deletion-job", deletion_body_field);
