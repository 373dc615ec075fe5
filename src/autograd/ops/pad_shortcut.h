/* pad_shortcut: what the op keeps, for who computes it in another layout. */
#ifndef DT_AUTOGRAD_OPS_PAD_SHORTCUT_H
#define DT_AUTOGRAD_OPS_PAD_SHORTCUT_H

struct dt_pad_shortcut {
    int stride, channels, before;
};

#endif
