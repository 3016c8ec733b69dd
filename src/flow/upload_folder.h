#ifndef PANNIER_FLOW_UPLOAD_FOLDER_H
#define PANNIER_FLOW_UPLOAD_FOLDER_H

#include "flow/upload.h"

/* Names in the folder of uploads (upload.h); shared by upload.c and upload_folder.c. All in the arena, with a NUL behind. */
struct str upload_folder_path(const char *data, int64_t store_id, struct arena *arena);
struct str upload_part_path(const char *data, const struct upload_wish *wish, struct arena *arena);
struct str upload_whole_path(const char *data, const struct upload_wish *wish, const unsigned char digest[static SHA256_BYTES],
			     struct arena *arena);
/* How much of so many bytes can be relied on: whole steps, and always less than all, so that the end is seen again. */
int64_t upload_durable(int64_t bytes);

#endif
