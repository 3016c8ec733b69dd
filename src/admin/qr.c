/*
 * QR codes, by libqrencode.
 *
 * Threads: any; the library has no state (https://fukuchi.org/works/qrencode/manual/).
 */
#include "admin/qr.h"

#include <assert.h>
#include <qrencode.h>
#include <string.h>

#define TEXT_MAX  1000
#define WIDTH_MAX 177 /* of version 40 */

static struct json *rows_of(const QRcode *code)
{
	struct json *list = json_new_array();
	char row[WIDTH_MAX];

	for (int y = 0; y < code->width; y++) {
		for (int x = 0; x < code->width; x++)
			row[x] = code->data[y * code->width + x] & 1 ? '1' : '0';
		json_append(list, json_new_text(str_of(row, (size_t)code->width)));
	}
	return list;
}

bool qr_rows(struct str text, struct json **out, struct err *err)
{
	char copy[TEXT_MAX + 1];
	QRcode *code;

	assert(text.len <= TEXT_MAX);
	memcpy(copy, text.p, text.len);
	copy[text.len] = '\0';
	code = QRcode_encodeString8bit(copy, 0, QR_ECLEVEL_M);
	if (!code || code->width > WIDTH_MAX)
		return err_set(err, ERR_TOO_LARGE, "the text does not fit into a QR code");
	*out = rows_of(code);
	QRcode_free(code);
	return true;
}
