#ifndef PANNIER_FLOW_UPLOAD_H
#define PANNIER_FLOW_UPLOAD_H

#include "flow/backfill.h"

/*
 * Files of history that are sent to us, on their way into the data folder:
 *   DATA/imports/STORE_ID/NAME.BYTES.part   not whole yet; BYTES "x": the sender did not say how long it will be
 *   DATA/imports/STORE_ID/DIGEST-NAME       whole, for as long as an import of it has not ended
 *
 * What broke off goes on from where it was. Every UPLOAD_STEP bytes are synced before more are taken, and only whole steps count
 * afterwards: so nothing of what is gone on from can be missing, however we died. A file that is whole becomes an import, once:
 * whatever is repeated finds it. Where only that is missing it begins anew, beside the one that is here.
 *
 * Files alone; no threads, no HTTP. All of a folder by one thread.
 */
#define UPLOAD_STEP	   ((int64_t)1 << 20)
#define UPLOAD_NAME_MAX	   100
/* So much stays free on the disk. */
#define UPLOAD_DISK_SPARE  ((int64_t)512 << 20)
/* What nobody goes on with is dropped then. */
#define UPLOAD_KEPT_DAYS   7

struct upload;

struct upload_wish {
	int64_t store_id;
	struct str name;           /* of the file, as the sender calls it: upload_name_fits */
	int64_t bytes;             /* of all of it; -1 = not said */
	int64_t offset;            /* where it goes on; 0 = from the beginning, whatever was there */
	int64_t bytes_max;
};

/* 1 to UPLOAD_NAME_MAX of A-Z a-z 0-9 . _ -, not beginning with a dot. */
bool upload_name_fits(struct str name);
/*
 * Begins, or goes on. ERR_CONFLICT: what is here ends before offset; *received says where. ERR_BUSY: somebody is sending it already, or
 * the disk has too little room. ERR_TOO_LARGE: over bytes_max. ERR_INVALID: the name. Caller owns *out: upload_close.
 */
bool upload_open(const char *data, const struct upload_wish *wish, struct upload **out, int64_t *received, struct err *err)
	MUST_CHECK;
/* ERR_TOO_LARGE: more than was said, or over bytes_max. ERR_BUSY: the disk is full. ERR_FATAL: it failed. */
bool upload_add(struct upload *upload, struct str piece, struct err *err) MUST_CHECK;
int64_t upload_received(const struct upload *upload);
bool upload_is_whole(const struct upload *upload);
/*
 * It is whole: an import of it. sha256: what the sender says (SHA256_BYTES), "" = nothing. ERR_INVALID: it differs, or this is no file
 * of history; it is dropped then. ERR_BUSY: disk or database have no room, or are busy. digest: what it is.
 */
bool upload_end(struct upload *upload, struct db *db, int64_t now_ms, const struct import_options *options, int64_t per_minute,
		struct str sha256, unsigned char digest[static SHA256_BYTES], int64_t *id, struct err *err) MUST_CHECK;
/* What is there stays, to be gone on with. NULL allowed. */
void upload_close(struct upload *upload);

/* One that is not whole. */
struct upload_row {
	struct str name;
	int64_t bytes;             /* -1 = not said */
	int64_t received;          /* where it goes on */
	int64_t changed_ms;
};
bool upload_list(const char *data, int64_t store_id, struct arena *arena, struct upload_row **row, size_t *n, struct err *err)
	MUST_CHECK;

/* Removes what no import needs any more, and what nobody goes on with. */
bool uploads_sweep(const char *data, struct db *db, int64_t now_ms, struct err *err) MUST_CHECK;

#endif
