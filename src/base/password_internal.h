#ifndef PANNIER_BASE_PASSWORD_INTERNAL_H
#define PANNIER_BASE_PASSWORD_INTERNAL_H

#include <stddef.h>

/* Memory of a hash instead of 64 MiB; 8192 is the least. For tests, before anything is hashed. */
void password_set_memory(size_t bytes);

#endif
