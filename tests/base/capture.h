/* Catching what goes to stderr. */
#ifndef DT_TESTS_BASE_CAPTURE_H
#define DT_TESTS_BASE_CAPTURE_H

struct capture {
    int kept, file;
};
struct capture capture_begin(void);
void capture_end(struct capture *c, char text[4096]); /* what was written meanwhile */

#endif
