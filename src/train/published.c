/* What publications report, for the charts and tables beside our own numbers. One place; each row with its source and
 * how it was read: H as digits, D digitised from the authors' figure (errors of about 0.05 points and 1% of the cost),
 * M second hand or computed from a stated percentage. MACs are counted once; what was published as FLOPs = 2 x MACs is
 * halved here. A name is "line: point": points of one line are drawn connected. */
#include "train/curve.h"

#include <string.h>

struct value {
    double percent, mmacs; /* top-1 accuracy; millions of MACs an image */
    const char *label;     /* NULL: none */
};
enum { MAX_VALUES = 20 };
struct series {
    const char *methods, *dataset, *networks; /* words; "*": all; a network may be given by its beginning, "resnet*" */
    const char *name, *source;
    char confidence;
    struct value value[MAX_VALUES]; /* ends with a percent of 0 */
};

#define DYNAMIC "budgetnet bsn s2dnas early_exit cascade slimming network_slimming fbs"

static const struct series all[] = {
    /* ---- selection of blocks and paths ---- */
    { "budgetnet",
      "cifar10",
      "resnext29",
      "BudgetNet",
      "anthonychen1251/BudgetNet, figure ResNeXt_29_C10",
      'D',
      { { 81.0, 43.5, "b=0.10" },
        { 81.4, 44.6, "b=0.15" },
        { 81.7, 45.55, "b=0.20" },
        { 82.0, 46.8, "b=0.25" },
        { 82.7, 48.1, "b=0.30" },
        { 83.4, 49.55, "b=0.35" },
        { 84.1, 51.35, "b=0.40" },
        { 84.8, 53.0, "b=0.45" },
        { 85.4, 55.4, "b=0.50" },
        { 86.7, 58.5, "b=0.55" },
        { 87.8, 62.9, "b=0.60" },
        { 89.8, 70.0, "b=0.65" },
        { 91.5, 81.95, "b=0.70" },
        { 92.8, 96.0, "b=0.75" },
        { 93.0, 110.4, "b=0.80" },
        { 93.2, 123.55, "b=0.85" },
        { 93.4, 134.45, "b=0.90" },
        { 93.6, 143.55, "b=0.95" },
        { 93.8, 150.45, "b=1.00" } } },
    { "budgetnet s2dnas",
      "cifar10",
      "resnet110",
      "BlockDrop",
      "Tushar-N/blockdrop, README",
      'H',
      { { 93.6, 90.5, "ResNet-110" } } },
    { "budgetnet s2dnas",
      "cifar10",
      "resnet*",
      "SkipNet",
      "ucbdrive/skipnet, README: share of the compute",
      'H',
      { { 92.75, 58.34, "ResNet-38" }, { 92.77, 87.91, "ResNet-74" }, { 93.30, 125.26, "ResNet-110" } } },
    /* ---- super-networks; their cost counts the adds of feature maps as well ---- */
    { "bsn",
      "cifar10",
      "*",
      "B-ResNet, with adds",
      "Veniat and Denoyer, CVPR 2018, abstract",
      'H',
      { { 92.39, 39.25, "39.25M" } } },
    { "bsn",
      "cifar10",
      "*",
      "B-ResNet curve, with adds",
      "Veniat and Denoyer, CVPR 2018, figure 2",
      'D',
      { { 92.39, 39.25, NULL },
        { 92.48, 43.0, NULL },
        { 92.92, 56.6, NULL },
        { 93.71, 119.6, NULL },
        { 94.01, 152.6, NULL },
        { 94.15, 258, NULL } } },
    { "bsn",
      "cifar10",
      "*",
      "ResNet trained by BSN's authors, with adds",
      "Veniat and Denoyer, CVPR 2018, figure 2",
      'D',
      { { 92.19, 41, "ResNet-20" },
        { 92.91, 69, "ResNet-32" },
        { 93.21, 97, "ResNet-44" },
        { 93.61, 125.6, "ResNet-56" },
        { 94.09, 253.6, "ResNet-110" } } },
    { "bsn",
      "cifar10",
      "*",
      "CNF, with adds",
      "Veniat and Denoyer, CVPR 2018, abstract",
      'H',
      { { 93.14, 103, "B-CNF" }, { 92.54, 406, "full CNF" } } },
    /* ---- channels ---- */
    { "slimming fbs network_slimming",
      "cifar10",
      "mcifarnet",
      "FBS",
      "deep-fry/mayo, docs/fbs.md",
      'H',
      { { 90.54, 57, "gated" }, { 91.37, 174, "dense" } } },
    { "slimming fbs network_slimming",
      "cifar10",
      "mcifarnet",
      "Dynamic Network Slimming",
      "thesis abstract: 4.29x at -0.33 points, from FBS's base",
      'M',
      { { 91.04, 40.63, "4.29x" } } },
    { "slimming fbs network_slimming",
      "cifar10",
      "mcifarnet",
      "FBS, abstract",
      "thesis abstract: 3.93x at -0.87 points",
      'M',
      { { 90.50, 44.35, "3.93x" } } },
    { "slimming fbs network_slimming",
      "cifar10",
      "resnet*",
      "ManiDP",
      "huawei-noah/Pruning, table 4",
      'H',
      { { 92.05, 18.74, "ResNet-20" } } },
    { "slimming fbs network_slimming",
      "cifar10",
      "resnet*",
      "ManiDP, deeper",
      "huawei-noah/Pruning, table 4",
      'M',
      { { 92.15, 25.4, "ResNet-32" }, { 93.64, 47.3, "ResNet-56" } } },
    { "slimming fbs network_slimming",
      "cifar10",
      "vgg16bn",
      "FTWT",
      "selkerdawy/FTWT, README",
      'M',
      { { 93.73, 137.8, "-56%" }, { 93.55, 109.6, "-65%" }, { 93.19, 84.6, "-73%" }, { 92.65, 81.4, "-74%" } } },
    { "slimming fbs network_slimming",
      "cifar10",
      "resnet56",
      "FTWT",
      "selkerdawy/FTWT, README",
      'M',
      { { 92.63, 42.8, "decoupled" }, { 92.28, 57.8, "joint" } } },
    /* ---- exits and others that look at the image ---- */
    { DYNAMIC,
      "cifar10",
      "*",
      "MSDNet, as plotted by L2W-DEN",
      "LeapLabTHU/L2W-DEN, figure result_cifar",
      'D',
      { { 91.93, 10, NULL },
        { 92.64, 12, NULL },
        { 92.96, 15, NULL },
        { 93.17, 20, NULL },
        { 93.65, 25, NULL },
        { 93.88, 30, NULL },
        { 94.05, 40, NULL } } },
    { DYNAMIC,
      "cifar10",
      "*",
      "L2W-DEN",
      "LeapLabTHU/L2W-DEN, figure result_cifar",
      'D',
      { { 91.14, 8, NULL },
        { 92.28, 10, NULL },
        { 92.89, 12, NULL },
        { 93.55, 15, NULL },
        { 94.36, 20, NULL },
        { 94.67, 25, NULL },
        { 94.75, 30, NULL },
        { 94.75, 55, NULL } } },
    { DYNAMIC,
      "cifar10",
      "*",
      "RANet",
      "yangle15/RANet-pytorch, figure dynamic_results",
      'D',
      { { 91.26, 12, NULL },
        { 91.96, 15, NULL },
        { 92.85, 20, NULL },
        { 93.34, 25, NULL },
        { 93.57, 30, NULL },
        { 94.03, 40, NULL },
        { 94.17, 50, NULL } } },
    { DYNAMIC,
      "cifar10",
      "*",
      "DynConv",
      "thomasverelst/dynconv, as plotted by L2W-DEN",
      'D',
      { { 91.81, 19.6, NULL },
        { 92.27, 26.4, NULL },
        { 92.57, 33.7, NULL },
        { 93.05, 41.1, NULL },
        { 93.53, 48.1, NULL },
        { 93.58, 55.43, NULL } } },
    { DYNAMIC,
      "cifar100",
      "*",
      "L2W-DEN",
      "LeapLabTHU/L2W-DEN, figure result_cifar",
      'D',
      { { 66.5, 10, NULL }, { 72.35, 20, NULL }, { 74.02, 30, NULL }, { 74.58, 45, NULL }, { 75.67, 60, NULL } } },
    { DYNAMIC,
      "cifar100",
      "*",
      "MSDNet, as plotted by L2W-DEN",
      "LeapLabTHU/L2W-DEN, figure result_cifar",
      'D',
      { { 65.5, 10, NULL }, { 69.0, 15, NULL }, { 71.2, 20, NULL }, { 73.1, 30, NULL }, { 74.6, 60, NULL } } },
    { DYNAMIC,
      "cifar100",
      "*",
      "BoostNet on MSDNet",
      "SHI-Labs/Boosted-Dynamic-Networks, figure",
      'D',
      { { 66.4, 16, NULL }, { 70.4, 20, NULL }, { 73.6, 26, NULL }, { 74.32, 30, NULL }, { 75.74, 60, NULL } } },
    /* ---- static networks: the honest floor ---- */
    { DYNAMIC " supervised",
      "cifar10",
      "*",
      "static networks",
      "chenyaofo/pytorch-cifar-models, README",
      'H',
      { { 90.13, 10.9, "ShuffleNetV2 x0.5" },
        { 92.88, 28.0, "MobileNetV2 x0.5" },
        { 92.60, 40.8, "ResNet-20" },
        { 92.98, 45.0, "ShuffleNetV2 x1.0" },
        { 93.72, 59.3, "MobileNetV2 x0.75" },
        { 93.53, 69.1, "ResNet-32" },
        { 93.79, 88.0, "MobileNetV2 x1.0" },
        { 94.01, 97.4, "ResNet-44" },
        { 94.37, 125.8, "ResNet-56" },
        { 94.16, 313.7, "VGG16-BN" } } },
    { DYNAMIC " supervised",
      "cifar100",
      "*",
      "static networks",
      "chenyaofo/pytorch-cifar-models, README",
      'H',
      { { 67.82, 10.9, "ShuffleNetV2 x0.5" },
        { 70.88, 28.0, "MobileNetV2 x0.5" },
        { 68.83, 40.8, "ResNet-20" },
        { 72.39, 45.0, "ShuffleNetV2 x1.0" },
        { 73.61, 59.3, "MobileNetV2 x0.75" },
        { 70.16, 69.1, "ResNet-32" },
        { 74.20, 88.0, "MobileNetV2 x1.0" },
        { 71.63, 97.4, "ResNet-44" },
        { 72.63, 125.8, "ResNet-56" },
        { 74.00, 313.7, "VGG16-BN" } } },
};

/* Is `word` among the words of `list`? One that ends in '*' stands for all that begin like it. */
static bool among(const char *list, const char *word)
{
    while (*list) {
        size_t n = strcspn(list, " ");

        if (list[n - 1] == '*' ? !strncmp(list, word, n - 1) : strlen(word) == n && !strncmp(list, word, n))
            return true;
        list += n;
        list += strspn(list, " ");
    }
    return false;
}

void dt_published_add(struct dt_curve *c, const char *method, const char *dataset, const char *network)
{
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const struct series *s = &all[i];

        if (!among(s->methods, method) || !among(s->dataset, dataset) || !among(s->networks, network))
            continue;
        for (const struct value *v = s->value; v < s->value + MAX_VALUES && v->percent > 0; v++) {
            struct dt_point *p = dt_curve_published(c, v->label ? "%s: %s" : "%s", s->name, v->label);

            p->accuracy = v->percent / 100;
            p->macs_mean = v->mmacs * 1e6;
            p->source = s->source;
            p->confidence = s->confidence;
        }
    }
}
