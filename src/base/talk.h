/* Writing to stderr, for the log and the progress line. */
#ifndef DT_BASE_TALK_H
#define DT_BASE_TALK_H

/* Writes all of `text` or gives up silently: a closed stderr, or a pipe nobody reads, must not end a training run. */
void dt_talk(const char *text);

#endif
