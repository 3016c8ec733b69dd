#ifndef PANNIER_IMPORT_FAMILY_H
#define PANNIER_IMPORT_FAMILY_H

#include "import/column.h"

/*
 * Which products the variants of a file belong to, where a row alone does not say it: WooCommerce names a product by its SKU, and
 * knows it by its id; in Magento's export it is the product that names its variants.
 */
struct family;

/* Does the column name products by SKU, which rows of the file have besides their ids? */
bool family_names_skus(const struct columns *columns, const struct column *parent);
/* Reads the whole file. ERR_INVALID: its packing is broken, or there are more than 250,000 to remember. Caller owns *out: family_close. */
bool family_read(const char *path, const struct columns *columns, struct family **out, struct err *err) MUST_CHECK;
void family_close(struct family *family); /* NULL allowed */
/*
 * The product with that SKU, or whose variant has it; pairs: "size=XS,color=Black", what it says of the variant, or "". Texts live
 * as long as the family.
 */
bool family_find(const struct family *family, struct str sku, struct str *product_id, struct str *pairs);

#endif
