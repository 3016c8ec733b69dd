#ifndef PANNIER_CLI_DEMO_SEED_H
#define PANNIER_CLI_DEMO_SEED_H

/*
 * The product of Enad's documentation (docs.enad.io, product events), word for word but for the three arguments.
 * event: "product.created" or "product.updated"; in the documentation id is 123e4567-e89b-12d3-a456-426614174000, number PCM-2024.
 */
/* clang-format off */
#define DEMO_SEED_PRODUCT(event, id, number) \
	"{\n" \
	"\"event_type\": \"" event "\",\n" \
	"\"payload\": {\n" \
	"\"product_id\": \"" id "\",\n" \
	"\"product_name\": \"Premium Coffee Maker\",\n" \
	"\"product_number\": \"" number "\",\n" \
	"\"translations\": {\n" \
	"\"name\": [\n" \
	"{\n" \
	"\"country_code\": \"us\",\n" \
	"\"value\": \"Premium Coffee Maker\"\n" \
	"},\n" \
	"{\n" \
	"\"country_code\": \"es\",\n" \
	"\"value\": \"Cafetera Premium\"\n" \
	"}\n" \
	"],\n" \
	"\"description\": [\n" \
	"{\n" \
	"\"country_code\": \"us\",\n" \
	"\"value\": \"High-end coffee maker with temperature control\"\n" \
	"},\n" \
	"{\n" \
	"\"country_code\": \"es\",\n" \
	"\"value\": \"Cafetera de alta gama con control de temperatura\"\n" \
	"}\n" \
	"],\n" \
	"\"html_description\": [\n" \
	"{\n" \
	"\"country_code\": \"us\",\n" \
	"\"value\": \"<p>High-end coffee maker with temperature control</p>\"\n" \
	"},\n" \
	"{\n" \
	"\"country_code\": \"es\",\n" \
	"\"value\": \"<p>Cafetera de alta gama con control de temperatura</p>\"\n" \
	"}\n" \
	"],\n" \
	"\"slug\": [\n" \
	"{\n" \
	"\"country_code\": \"us\",\n" \
	"\"value\": \"premium-coffee-maker\"\n" \
	"},\n" \
	"{\n" \
	"\"country_code\": \"es\",\n" \
	"\"value\": \"cafetera-premium\"\n" \
	"}\n" \
	"]\n" \
	"},\n" \
	"\"files\": [],\n" \
	"\"images\": [\n" \
	"{\n" \
	"\"id\": \"123e4567-e89b-12d3-a456-426614174001\",\n" \
	"\"url\": \"https://example.com/images/coffee-maker.jpg\",\n" \
	"\"alt\": \"Premium Coffee Maker\",\n" \
	"\"status\": \"active\",\n" \
	"\"title\": \"Premium Coffee Maker - Main Image\",\n" \
	"\"copyright\": \"© 2024 Your Brand\",\n" \
	"\"sort\": 1\n" \
	"}\n" \
	"],\n" \
	"\"slug\": \"premium-coffee-maker\",\n" \
	"\"status\": \"active\",\n" \
	"\"seo\": {\n" \
	"\"meta_title\": \"Premium Coffee Maker | Your Brand\",\n" \
	"\"meta_title_translations\": [\n" \
	"{\n" \
	"\"country_code\": \"us\",\n" \
	"\"value\": \"Premium Coffee Maker | Your Brand\"\n" \
	"}\n" \
	"],\n" \
	"\"meta_description\": \"Discover our high-end coffee maker with precise temperature control.\",\n" \
	"\"meta_description_translations\": [\n" \
	"{\n" \
	"\"country_code\": \"us\",\n" \
	"\"value\": \"Discover our high-end coffee maker with precise temperature control.\"\n" \
	"}\n" \
	"]\n" \
	"},\n" \
	"\"description\": \"High-end coffee maker with temperature control\",\n" \
	"\"html_description\": \"<p>High-end coffee maker with temperature control</p>\",\n" \
	"\"markets\": [\n" \
	"{\n" \
	"\"id\": \"123e4567-e89b-12d3-a456-426614174002\",\n" \
	"\"name\": \"United States\",\n" \
	"\"slug\": \"us\",\n" \
	"\"country_code\": \"US\",\n" \
	"\"locale\": \"en-US\",\n" \
	"\"currency_code\": \"USD\",\n" \
	"\"active\": true\n" \
	"}\n" \
	"],\n" \
	"\"is_active\": true,\n" \
	"\"brand\": {\n" \
	"\"id\": \"123e4567-e89b-12d3-a456-426614174003\",\n" \
	"\"name\": \"Your Brand\",\n" \
	"\"series\": {\n" \
	"\"id\": \"123e4567-e89b-12d3-a456-426614174004\",\n" \
	"\"name\": \"Premium Series\"\n" \
	"}\n" \
	"},\n" \
	"\"custom\": {\n" \
	"\"warranty_years\": \"2\",\n" \
	"\"energy_rating\": \"A+\"\n" \
	"},\n" \
	"\"third_party_links\": [\n" \
	"{\n" \
	"\"id\": \"123e4567-e89b-12d3-a456-426614174005\",\n" \
	"\"type\": \"manual\",\n" \
	"\"title\": \"User Manual\",\n" \
	"\"url\": \"https://example.com/manuals/coffee-maker.pdf\",\n" \
	"\"created_at\": \"2024-02-12T10:00:00Z\",\n" \
	"\"updated_at\": \"2024-02-12T10:00:00Z\"\n" \
	"}\n" \
	"]\n" \
	"}\n" \
	"}"
/* clang-format on */

#endif
