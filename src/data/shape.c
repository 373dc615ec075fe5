/* What a config says about its images without opening a file: for summary, bench and dry runs. */
#include <dyntrain/data.h>

void dt_data_shape(const struct dt_data_cfg *cfg, struct dt_data_info *out)
{
    const struct dt_synth_cfg *s = &cfg->synth;

    switch (cfg->dataset) {
    case DT_CIFAR10:
        *out = (struct dt_data_info){ .name = "cifar10", .h = 32, .w = 32, .c = 3, .classes = 10 };
        break;
    case DT_CIFAR100:
        *out = (struct dt_data_info){ .name = "cifar100", .h = 32, .w = 32, .c = 3, .classes = 100 };
        break;
    case DT_SYNTH:
        *out = (struct dt_data_info){ .name = "synth", .classes = (int)s->classes };
        out->h = out->w = (int)s->size;
        out->c = (int)s->channels;
        break;
    case DT_FOLDER:
        *out = (struct dt_data_info){ .name = "folder", .c = 3 };
        out->h = out->w = (int)cfg->size;
        break;
    case DT_IDX:
        *out = (struct dt_data_info){ .name = "idx", .h = 28, .w = 28, .c = 1 };
        break;
    default:
        *out = (struct dt_data_info){ .name = "fashion_mnist", .h = 28, .w = 28, .c = 1, .classes = 10 };
        break;
    }
}
