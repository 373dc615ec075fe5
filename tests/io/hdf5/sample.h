/* A checkpoint as a run would make it. */
#ifndef DT_TESTS_IO_SAMPLE_H
#define DT_TESTS_IO_SAMPLE_H

#include "suites.h"

struct dt_ckpt *sample_ckpt(void);
void save_sample(const char *path);
struct dt_ckpt *open_good(const char *path);
/* A user block that fits, in front of this image: what an attacker would make. */
void write_with_block(const char *path, const void *image, size_t size);

#endif
