/*
 * The catalog's kinds and the shape of every request body about them.
 *
 * Written from Klaviyo's OpenAPI specification, revision 2026-07-15: operations create_, update_ and
 * bulk_{create,update,delete}_ of catalog items, variants and categories, and the relationship operations
 * of both sides. Where the specification leaves "data" of a relationship optional but the resource cannot
 * exist without it (the item of a variant), it is required here.
 *
 * Threads: const data.
 */
#include "sandbox/kind.h"

#define MUST SHAPE_REQUIRED
#define NULL_OK SHAPE_NULLABLE

/* ---- links to other resources ---- */

#define LINK_SHAPE(kind, resource_type) \
	static const struct shape_field kind##_link_field[] = { \
		{ "type", SHAPE_TEXT, MUST, .only = resource_type }, \
		{ "id", SHAPE_ID, MUST }, \
	}; \
	static const struct shape kind##_link = SHAPE(resource_type, kind##_link_field)

/*
 * As a relation inside a resource, where "data" may be left out, and as the body of a relationship
 * endpoint.
 */
#define LINKS_SHAPE(kind, resource_type) \
	static const struct shape_field kind##_links_field[] = { \
		{ "data", SHAPE_LIST, 0, .shape = &kind##_link }, \
	}; \
	static const struct shape kind##_links = SHAPE(resource_type, kind##_links_field); \
	static const struct shape_field kind##_links_body_field[] = { \
		{ "data", SHAPE_LIST, MUST, .shape = &kind##_link }, \
	}; \
	static const struct shape kind##_links_body = SHAPE(resource_type, kind##_links_body_field)

LINK_SHAPE(item, "catalog-item");
LINK_SHAPE(variant, "catalog-variant");
LINK_SHAPE(category, "catalog-category");
LINKS_SHAPE(item, "catalog-item");
LINKS_SHAPE(category, "catalog-category");

static const struct shape_field item_relation_field[] = {
	{ "categories", SHAPE_OBJECT, 0, .shape = &category_links },
};
static const struct shape item_relation = SHAPE("catalog-item", item_relation_field);

static const struct shape_field category_relation_field[] = {
	{ "items", SHAPE_OBJECT, 0, .shape = &item_links },
};
static const struct shape category_relation = SHAPE("catalog-category", category_relation_field);

static const struct shape_field variant_item_field[] = {
	{ "data", SHAPE_OBJECT, MUST, .shape = &item_link },
};
static const struct shape variant_item = SHAPE("catalog-variant", variant_item_field);
static const struct shape_field variant_relation_field[] = {
	{ "item", SHAPE_OBJECT, MUST, .shape = &variant_item },
};
static const struct shape variant_relation = SHAPE("catalog-variant", variant_relation_field);

/* ---- attributes ---- */

#define INTEGRATION_FIELDS \
	{ "integration_type", SHAPE_TEXT, NULL_OK, .only = "$custom" }, \
	{ "catalog_type", SHAPE_TEXT, NULL_OK, .only = "$default" }

#define PICTURE_FIELDS \
	{ "image_full_url", SHAPE_TEXT, NULL_OK }, \
	{ "image_thumbnail_url", SHAPE_TEXT, NULL_OK }, \
	{ "images", SHAPE_TEXTS, NULL_OK }, \
	{ "custom_metadata", SHAPE_FLAT, NULL_OK }, \
	{ "published", SHAPE_BOOL, NULL_OK }

static const struct shape_field item_create_attribute_field[] = {
	{ "external_id", SHAPE_NAME, MUST },
	INTEGRATION_FIELDS,
	{ "title", SHAPE_TEXT, MUST },
	{ "description", SHAPE_TEXT, MUST },
	{ "url", SHAPE_TEXT, MUST },
	{ "price", SHAPE_NUMBER, NULL_OK },
	PICTURE_FIELDS,
};
static const struct shape item_create_attribute = SHAPE("catalog-item", item_create_attribute_field);

static const struct shape_field item_update_attribute_field[] = {
	{ "title", SHAPE_TEXT, NULL_OK },
	{ "description", SHAPE_TEXT, NULL_OK },
	{ "url", SHAPE_TEXT, NULL_OK },
	{ "price", SHAPE_NUMBER, NULL_OK },
	PICTURE_FIELDS,
};
static const struct shape item_update_attribute = SHAPE("catalog-item", item_update_attribute_field);

static const struct shape_field variant_create_attribute_field[] = {
	{ "external_id", SHAPE_NAME, MUST },
	INTEGRATION_FIELDS,
	{ "title", SHAPE_TEXT, MUST },
	{ "description", SHAPE_TEXT, MUST },
	{ "sku", SHAPE_TEXT, MUST },
	{ "inventory_policy", SHAPE_INTEGER, NULL_OK, .low = 0, .high = 2 },
	{ "inventory_quantity", SHAPE_NUMBER, MUST },
	{ "price", SHAPE_NUMBER, MUST },
	{ "url", SHAPE_TEXT, MUST },
	PICTURE_FIELDS,
};
static const struct shape variant_create_attribute = SHAPE("catalog-variant", variant_create_attribute_field);

static const struct shape_field variant_update_attribute_field[] = {
	{ "title", SHAPE_TEXT, NULL_OK },
	{ "description", SHAPE_TEXT, NULL_OK },
	{ "sku", SHAPE_TEXT, NULL_OK },
	{ "inventory_policy", SHAPE_INTEGER, NULL_OK, .low = 0, .high = 2 },
	{ "inventory_quantity", SHAPE_NUMBER, NULL_OK },
	{ "price", SHAPE_NUMBER, NULL_OK },
	{ "url", SHAPE_TEXT, NULL_OK },
	PICTURE_FIELDS,
};
static const struct shape variant_update_attribute = SHAPE("catalog-variant", variant_update_attribute_field);

static const struct shape_field category_create_attribute_field[] = {
	{ "external_id", SHAPE_NAME, MUST },
	{ "name", SHAPE_TEXT, MUST },
	INTEGRATION_FIELDS,
};
static const struct shape category_create_attribute =
	SHAPE("catalog-category", category_create_attribute_field);

static const struct shape_field category_update_attribute_field[] = {
	{ "name", SHAPE_TEXT, NULL_OK },
};
static const struct shape category_update_attribute =
	SHAPE("catalog-category", category_update_attribute_field);

/* ---- resources: what stands in "data" of a single call and in each row of a job ---- */

static const struct shape_field item_create_field[] = {
	{ "type", SHAPE_TEXT, MUST, .only = "catalog-item" },
	{ "attributes", SHAPE_OBJECT, MUST, .shape = &item_create_attribute },
	{ "relationships", SHAPE_OBJECT, 0, .shape = &item_relation },
};
static const struct shape_field item_update_field[] = {
	{ "type", SHAPE_TEXT, MUST, .only = "catalog-item" },
	{ "id", SHAPE_ID, MUST },
	{ "attributes", SHAPE_OBJECT, MUST, .shape = &item_update_attribute },
	{ "relationships", SHAPE_OBJECT, 0, .shape = &item_relation },
};
static const struct shape_field variant_create_field[] = {
	{ "type", SHAPE_TEXT, MUST, .only = "catalog-variant" },
	{ "attributes", SHAPE_OBJECT, MUST, .shape = &variant_create_attribute },
	{ "relationships", SHAPE_OBJECT, MUST, .shape = &variant_relation },
};
static const struct shape_field variant_update_field[] = {
	{ "type", SHAPE_TEXT, MUST, .only = "catalog-variant" },
	{ "id", SHAPE_ID, MUST },
	{ "attributes", SHAPE_OBJECT, MUST, .shape = &variant_update_attribute },
};
static const struct shape_field category_create_field[] = {
	{ "type", SHAPE_TEXT, MUST, .only = "catalog-category" },
	{ "attributes", SHAPE_OBJECT, MUST, .shape = &category_create_attribute },
	{ "relationships", SHAPE_OBJECT, 0, .shape = &category_relation },
};
static const struct shape_field category_update_field[] = {
	{ "type", SHAPE_TEXT, MUST, .only = "catalog-category" },
	{ "id", SHAPE_ID, MUST },
	{ "attributes", SHAPE_OBJECT, MUST, .shape = &category_update_attribute },
	{ "relationships", SHAPE_OBJECT, 0, .shape = &category_relation },
};

static const struct shape item_create = SHAPE("catalog-item", item_create_field);
static const struct shape item_update = SHAPE("catalog-item", item_update_field);
static const struct shape variant_create = SHAPE("catalog-variant", variant_create_field);
static const struct shape variant_update = SHAPE("catalog-variant", variant_update_field);
static const struct shape category_create = SHAPE("catalog-category", category_create_field);
static const struct shape category_update = SHAPE("catalog-category", category_update_field);

/* ---- whole bodies ---- */

#define BODY_SHAPE(name, resource_type) \
	static const struct shape_field name##_body_field[] = { \
		{ "data", SHAPE_OBJECT, MUST, .shape = &name }, \
	}; \
	static const struct shape name##_body = SHAPE(resource_type, name##_body_field)

BODY_SHAPE(item_create, "catalog-item");
BODY_SHAPE(item_update, "catalog-item");
BODY_SHAPE(variant_create, "catalog-variant");
BODY_SHAPE(variant_update, "catalog-variant");
BODY_SHAPE(category_create, "catalog-category");
BODY_SHAPE(category_update, "catalog-category");

/* {"data":{"type":job_type,"attributes":{member:{"data":[row, ...]}}}} */
#define JOB_SHAPE(name, job_type, member, row) \
	static const struct shape_field name##_rows_field[] = { \
		{ "data", SHAPE_LIST, MUST, .shape = &row, .low = 1, .high = JOB_ROWS_MAX }, \
	}; \
	static const struct shape name##_rows = SHAPE(job_type, name##_rows_field); \
	static const struct shape_field name##_attribute_field[] = { \
		{ member, SHAPE_OBJECT, MUST, .shape = &name##_rows }, \
	}; \
	static const struct shape name##_attribute = SHAPE(job_type, name##_attribute_field); \
	static const struct shape_field name##_field[] = { \
		{ "type", SHAPE_TEXT, MUST, .only = job_type }, \
		{ "attributes", SHAPE_OBJECT, MUST, .shape = &name##_attribute }, \
	}; \
	static const struct shape name = SHAPE(job_type, name##_field); \
	BODY_SHAPE(name, job_type)

JOB_SHAPE(item_create_job, "catalog-item-bulk-create-job", "items", item_create);
JOB_SHAPE(item_update_job, "catalog-item-bulk-update-job", "items", item_update);
JOB_SHAPE(item_delete_job, "catalog-item-bulk-delete-job", "items", item_link);
JOB_SHAPE(variant_create_job, "catalog-variant-bulk-create-job", "variants", variant_create);
JOB_SHAPE(variant_update_job, "catalog-variant-bulk-update-job", "variants", variant_update);
JOB_SHAPE(variant_delete_job, "catalog-variant-bulk-delete-job", "variants", variant_link);
JOB_SHAPE(category_create_job, "catalog-category-bulk-create-job", "categories", category_create);
JOB_SHAPE(category_update_job, "catalog-category-bulk-update-job", "categories", category_update);
JOB_SHAPE(category_delete_job, "catalog-category-bulk-delete-job", "categories", category_link);

/* ---- the rows ---- */

static const char *const item_attribute[] = {
	"external_id",	       "title",	 "description",	    "price",	 "url", "image_full_url",
	"image_thumbnail_url", "images", "custom_metadata", "published", NULL,
};
static const char *const variant_attribute[] = {
	"external_id",
	"title",
	"description",
	"sku",
	"inventory_policy",
	"inventory_quantity",
	"price",
	"url",
	"image_full_url",
	"image_thumbnail_url",
	"images",
	"custom_metadata",
	"published",
	NULL,
};
static const char *const category_attribute[] = { "external_id", "name", NULL };

static const struct kind_row rows[KIND_COUNT] = {
	[KIND_ITEM] = {
		.name = "item", .plural = "items", .type = "catalog-item", .noun = "An item",
		.path = "/api/catalog-items", .duplicate = ERROR_DUPLICATE_ITEM, .has_created = true,
		.attribute = item_attribute,
		.create = &item_create_body, .update = &item_update_body,
		.job = { &item_create_job_body, &item_update_job_body, &item_delete_job_body },
		.job_type = { "catalog-item-bulk-create-job", "catalog-item-bulk-update-job",
			      "catalog-item-bulk-delete-job" },
		.links = &item_links_body,
	},
	[KIND_VARIANT] = {
		.name = "variant", .plural = "variants", .type = "catalog-variant", .noun = "A variant",
		.path = "/api/catalog-variants", .duplicate = ERROR_DUPLICATE_VARIANT, .has_created = true,
		.attribute = variant_attribute,
		.create = &variant_create_body, .update = &variant_update_body,
		.job = { &variant_create_job_body, &variant_update_job_body, &variant_delete_job_body },
		.job_type = { "catalog-variant-bulk-create-job", "catalog-variant-bulk-update-job",
			      "catalog-variant-bulk-delete-job" },
	},
	[KIND_CATEGORY] = {
		.name = "category", .plural = "categories", .type = "catalog-category", .noun = "A category",
		.path = "/api/catalog-categories", .duplicate = ERROR_DUPLICATE_CATEGORY,
		.attribute = category_attribute,
		.create = &category_create_body, .update = &category_update_body,
		.job = { &category_create_job_body, &category_update_job_body, &category_delete_job_body },
		.job_type = { "catalog-category-bulk-create-job", "catalog-category-bulk-update-job",
			      "catalog-category-bulk-delete-job" },
		.links = &category_links_body,
	},
};

const char *op_name(enum op op)
{
	static const char *const name[OP_COUNT] = { "create", "update", "delete" };

	return name[op];
}

const struct kind_row *kind_row(enum kind kind)
{
	return &rows[kind];
}

bool kind_find(struct str name, enum kind *kind)
{
	for (size_t i = 0; i < KIND_COUNT; i++) {
		if (str_eq(name, str_from(rows[i].name))) {
			*kind = (enum kind)i;
			return true;
		}
	}
	return false;
}
