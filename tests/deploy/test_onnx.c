/* An exported model, read back: a graph that any reader can follow. That it computes the same is shown by onnxruntime,
 * where it is installed (bench/vs_onnxruntime.js --check). */
#include "suites.h"

#include <string.h>

#include "onnx.pb-c.h"

struct fixture {
    struct dt_net *net;
    struct dt_arena *arena;
    Onnx__Model *model;
};

static struct dt_net *net_of(const char *name, bool dynamic)
{
    struct dt_err err = { 0 };
    struct dt_net *net = dt_net_new(1, &err);
    const struct dt_model_cfg cfg = {
        .arch = name, .classes = 7, .width = 16, .cardinality = 4, .path_width = 16, .dynamic = dynamic
    };

    ck_assert(net && dt_model_build(net, &cfg, 3, &err) == DT_OK && dt_net_finish(net, 32, 32, 3, &err) == DT_OK);
    dt_test_ok(&err);
    return net;
}

static struct fixture fixture_open(const char *name, bool dynamic)
{
    struct dt_err err = { 0 };
    struct fixture f = { .net = net_of(name, dynamic), .arena = dt_arena_new(0, &err) };
    unsigned char *bytes;
    size_t size;

    bytes = dt_onnx_write(f.net, f.arena, &size, &err);
    dt_test_ok(&err);
    f.model = onnx__model__unpack(NULL, size, bytes);
    ck_assert_ptr_nonnull(f.model);
    return f;
}

static void fixture_close(struct fixture *f)
{
    onnx__model__free_unpacked(f->model, NULL);
    dt_arena_free(f->arena);
    dt_net_free(f->net);
}

static int count(const Onnx__Graph *g, const char *op)
{
    int n = 0;

    for (size_t i = 0; i < g->n_node; i++)
        n += strcmp(g->node[i]->op_type, op) == 0;
    return n;
}

/* How many nodes before `end` put it out, or constants or inputs bear this name. */
static int defined(const Onnx__Graph *g, const char *name, size_t end)
{
    int n = strcmp(g->input[0]->name, name) == 0;

    for (size_t i = 0; i < g->n_initializer; i++)
        n += strcmp(g->initializer[i]->name, name) == 0;
    for (size_t i = 0; i < end; i++)
        n += strcmp(g->node[i]->output[0], name) == 0;
    return n;
}

static const struct {
    const char *name;
    bool dynamic;
    int convs, adds;
} nets[] = { { "resnet20", false, 19, 9 },
             { "resnet8", true, 7, 3 },
             { "mobilenetv2", false, 1 + 17 * 3 + 4 + 1, 14 },
             { "resnext29", true, 1 + 9 * 12 + 3, 9 * 5 + 9 } };

START_TEST(a_graph_in_order)
{
    struct fixture f = fixture_open(nets[_i].name, nets[_i].dynamic);
    const Onnx__Graph *g = f.model->graph;

    ck_assert_int_eq(f.model->ir_version, 8);
    ck_assert_int_eq(f.model->opset_import[0]->version, 13);
    ck_assert_str_eq(g->input[0]->name, "image");
    ck_assert_str_eq(g->output[0]->name, "logits");
    ck_assert_int_eq(g->output[0]->type->tensor_type->shape->dim[1]->dim_value, 7);
    ck_assert_int_eq(count(g, "Conv"), nets[_i].convs);
    ck_assert_int_eq(count(g, "Add"), nets[_i].adds);
    for (size_t i = 0; i < g->n_node; i++)
        for (size_t k = 0; k < g->node[i]->n_input; k++)
            ck_assert_int_eq(defined(g, g->node[i]->input[k], i), 1);
    ck_assert_int_eq(defined(g, "logits", g->n_node), 1);
    fixture_close(&f);
}
END_TEST

START_TEST(constants_have_their_size)
{
    struct fixture f = fixture_open("vgg16bn", false);
    const Onnx__Graph *g = f.model->graph;

    for (size_t i = 0; i < g->n_initializer; i++) {
        const Onnx__Tensor *t = g->initializer[i];
        size_t n = t->data_type == ONNX__TENSOR__TYPE__INT64 ? sizeof(int64_t) : sizeof(float);

        for (size_t k = 0; k < t->n_dims; k++)
            n *= (size_t)t->dims[k];
        ck_assert_uint_eq(n, t->raw_data.len);
    }
    ck_assert_int_eq(count(g, "MaxPool"), 5);
    fixture_close(&f);
}
END_TEST

/* An op of a module of its own that has no node in what is written. */
static struct dt_tensor *odd_forward(struct dt_module *m, struct dt_run *run, struct dt_tensor *x)
{
    (void)m;
    return dt_global_avg_pool(run->tape, dt_tanh(run->tape, x));
}

static const struct dt_module_class odd_class = { "odd", sizeof(struct dt_module), odd_forward, NULL };

START_TEST(names_what_it_cannot_write)
{
    struct dt_err err = { 0 };
    struct dt_net *net = dt_net_new(1, &err);
    struct dt_arena *arena = dt_arena_new(0, &err);
    size_t size;

    dt_module_new(net, NULL, &odd_class, "net");
    ck_assert_int_eq(dt_net_finish(net, 8, 8, 3, &err), DT_OK);
    ck_assert_ptr_null(dt_onnx_write(net, arena, &size, &err));
    dt_test_fails(&err, DT_EENGINE, "net: tanh: has no counterpart");
    dt_arena_free(arena);
    dt_net_free(net);
}
END_TEST

START_TEST(survives_lack_of_memory)
{
    struct dt_net *net = net_of("resnet8", false);
    unsigned char *bytes = NULL;

    for (int k = 0; !bytes; k++) {
        struct dt_err err = { 0 };
        struct dt_arena *arena = dt_arena_new(4096, &err);
        size_t size;

        dt_alloc_fail_at(k);
        bytes = dt_onnx_write(net, arena, &size, &err);
        dt_alloc_fail_at(-1);
        ck_assert(bytes || err.code == DT_ENOMEM);
        dt_arena_free(arena);
        ck_assert_int_lt(k, 10000);
    }
    dt_net_free(net);
}
END_TEST

Suite *suite_onnx(void)
{
    Suite *s = suite_create("onnx");
    TCase *c = tcase_create("onnx");

    tcase_add_loop_test(c, a_graph_in_order, 0, sizeof nets / sizeof *nets);
    tcase_add_test(c, constants_have_their_size);
    tcase_add_test(c, names_what_it_cannot_write);
    tcase_add_test(c, survives_lack_of_memory);
    suite_add_tcase(s, c);
    return s;
}
