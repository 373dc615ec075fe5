/* Files made to harm: an HDF5 file of any content behind a valid user block. */
#include "sample.h"

#include <hdf5.h>
#include <string.h>
#include <unistd.h>

static const hsize_t four[] = { 4 }, huge[] = { (hsize_t)1 << 38 };

static void put(hid_t file, const char *name, hid_t type, int rank, const hsize_t *dims, hid_t create)
{
    hid_t space = rank < 0 ? H5Screate(H5S_NULL) : H5Screate_simple(rank, dims, NULL);
    hid_t set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, create, H5P_DEFAULT);

    ck_assert_int_ge(set, 0);
    H5Dclose(set);
    H5Sclose(space);
}

static void harmless(hid_t file)
{
    static const float x[4] = { 1, 2, 3, 4 };
    hid_t set;

    put(file, "a", H5T_IEEE_F32LE, 1, four, H5P_DEFAULT);
    set = H5Dopen2(file, "a", H5P_DEFAULT);
    H5Dwrite(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, x);
    H5Dclose(set);
}

static void external_storage(hid_t file)
{
    hid_t create = H5Pcreate(H5P_DATASET_CREATE);

    write_text("secret.txt", "SECRETS OF OTHERS");
    H5Pset_external(create, "secret.txt", 0, 16);
    put(file, "a", H5T_IEEE_F32LE, 1, four, create);
    H5Pclose(create);
}

static void virtual_layout(hid_t file)
{
    hid_t create = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(1, four, NULL);

    H5Pset_virtual(create, space, "other.h5", "/a", space);
    H5Sclose(space);
    put(file, "a", H5T_IEEE_F32LE, 1, four, create);
    H5Pclose(create);
}

static void soft_link(hid_t file)
{
    harmless(file);
    H5Lcreate_soft("/a", file, "b", H5P_DEFAULT, H5P_DEFAULT);
}

static void external_link(hid_t file)
{
    H5Lcreate_external("/etc/passwd", "/a", file, "b", H5P_DEFAULT, H5P_DEFAULT);
}

static void hidden_external_link(hid_t file)
{
    hid_t group = H5Gcreate2(file, "g", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);

    external_link(group);
    H5Gclose(group);
}

static void huge_extents(hid_t file)
{
    put(file, "a", H5T_IEEE_F32LE, 1, huge, H5P_DEFAULT);
}

static void overflowing_extents(hid_t file)
{
    hsize_t dims[] = { (hsize_t)1 << 31, (hsize_t)1 << 31, 1 << 2 };
    hid_t create = H5Pcreate(H5P_DATASET_CREATE);

    H5Pset_alloc_time(create, H5D_ALLOC_TIME_LATE);
    put(file, "a", H5T_STD_U8LE, 3, dims, create);
    H5Pclose(create);
}

static void chunks(hid_t file)
{
    hid_t create = H5Pcreate(H5P_DATASET_CREATE);

    H5Pset_chunk(create, 1, four);
    H5Pset_deflate(create, 6);
    put(file, "a", H5T_IEEE_F32LE, 1, four, create);
    H5Pclose(create);
}

static void compact_data(hid_t file)
{
    hid_t create = H5Pcreate(H5P_DATASET_CREATE);

    H5Pset_layout(create, H5D_COMPACT);
    put(file, "a", H5T_IEEE_F32LE, 1, four, create);
    H5Pclose(create);
}

static void compound_type(hid_t file)
{
    hid_t type = H5Tcreate(H5T_COMPOUND, 8);

    H5Tinsert(type, "x", 0, H5T_IEEE_F32LE);
    put(file, "a", type, 1, four, H5P_DEFAULT);
    H5Tclose(type);
}

static void wide_float(hid_t file)
{
    hid_t type = H5Tcopy(H5T_IEEE_F32LE);

    H5Tset_size(type, 8196);
    put(file, "a", type, 1, four, H5P_DEFAULT);
    H5Tclose(type);
}

static void big_endian(hid_t file)
{
    put(file, "a", H5T_IEEE_F32BE, 1, four, H5P_DEFAULT);
}

static void variable_text(hid_t file)
{
    hid_t type = H5Tcopy(H5T_C_S1);

    H5Tset_size(type, H5T_VARIABLE);
    put(file, "a", type, 0, NULL, H5P_DEFAULT);
    H5Tclose(type);
}

static void list_of_texts(hid_t file)
{
    put(file, "a", H5T_C_S1, 1, four, H5P_DEFAULT);
}

static void null_space(hid_t file)
{
    put(file, "a", H5T_IEEE_F32LE, -1, NULL, H5P_DEFAULT);
}

static void five_dimensions(hid_t file)
{
    hsize_t dims[] = { 1, 1, 1, 1, 1 };

    put(file, "a", H5T_IEEE_F32LE, 5, dims, H5P_DEFAULT);
}

static void named_type(hid_t file)
{
    hid_t type = H5Tcopy(H5T_IEEE_F32LE);

    H5Tcommit2(file, "t", type, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Tclose(type);
}

static void group_in_itself(hid_t file)
{
    hid_t group = H5Gcreate2(file, "g", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);

    H5Lcreate_hard(file, "/", group, "up", H5P_DEFAULT, H5P_DEFAULT);
    H5Gclose(group);
}

/* 2^31 paths in a few groups. */
static void laughing_groups(hid_t file)
{
    hid_t above = H5Gopen2(file, "/", H5P_DEFAULT);

    for (int i = 0; i < 31; i++) {
        hid_t group = H5Gcreate2(above, "a", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);

        H5Lcreate_hard(above, "a", above, "b", H5P_DEFAULT, H5P_DEFAULT);
        H5Gclose(above);
        above = group;
    }
    H5Gclose(above);
}

static void long_names(hid_t file)
{
    char name[1100];

    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    put(file, name, H5T_IEEE_F32LE, 1, four, H5P_DEFAULT);
}

static const struct attack {
    void (*make)(hid_t file);
    const char *says;
} attacks[] = {
    { external_storage, "/a: data in an external file" },
    { virtual_layout, "/a: a layout that is not contiguous" },
    { soft_link, "/b: a soft or external link" },
    { external_link, "/b: a soft or external link" },
    { hidden_external_link, "/g/b: a soft or external link" },
    { huge_extents, "/a: extents that do not match what is stored" },
    { overflowing_extents, "/a: extents beyond all measure" },
    { chunks, "/a: a layout that is not contiguous" },
    { compact_data, "/a: a layout that is not contiguous" },
    { compound_type, "/a: a type that is none of f32, f64, i64, u8 and text" },
    { wide_float, "/a: a type that is none of f32, f64, i64, u8 and text" },
    { big_endian, "/a: a type that is none of f32, f64, i64, u8 and text" },
    { variable_text, "/a: a type that is none of f32, f64, i64, u8 and text" },
    { list_of_texts, "/a: extents that are not those of a tensor" },
    { null_space, "/a: extents that are not those of a tensor" },
    { five_dimensions, "/a: extents that are not those of a tensor" },
    { named_type, "/t: neither a group nor a dataset" },
    { group_in_itself, "groups nested deeper than 32" },
    { laughing_groups, "more than 100000 links" },
    { long_names, ": the path is too long" },
};

/* hostile.h5: what `make` puts into an HDF5 file, behind a user block that fits. */
static void make_file(void (*make)(hid_t file))
{
    hid_t file;
    size_t size;
    char *image;

    H5dont_atexit();
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    file = H5Fcreate("raw.h5", H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    ck_assert_int_ge(file, 0);
    make(file);
    H5Fclose(file);
    image = read_bytes("raw.h5", &size);
    write_with_block("hostile.h5", image, size);
    dt_free(image);
}

START_TEST(attacks_are_refused_on_opening)
{
    struct dt_err err = { .code = DT_OK };

    make_file(attacks[_i].make);
    ck_assert_ptr_null(dt_ckpt_open("hostile.h5", &err));
    dt_test_fails(&err, DT_ECHECKPOINT, attacks[_i].says);
    dt_test_fails(&err, DT_ECHECKPOINT, "hostile.h5: ");
}
END_TEST

START_TEST(the_same_way_of_making_is_accepted_without_harm)
{
    struct dt_ckpt *c;
    float x[4];

    make_file(harmless);
    c = open_good("hostile.h5");
    dt_ckpt_get(c, "/a", DT_CKPT_F32, 1, (int64_t[]){ 4 }, x);
    dt_test_ok(dt_ckpt_err(c));
    ck_assert(x[3] == 4);
    dt_ckpt_free(c);
}
END_TEST

START_TEST(what_is_no_hdf5_is_refused)
{
    struct dt_err err = { .code = DT_OK };

    write_with_block("a.h5", "no HDF5 at all", 14);
    ck_assert_ptr_null(dt_ckpt_open("a.h5", &err));
    dt_test_fails(&err, DT_ECHECKPOINT, "a.h5: HDF5 cannot read what is in it");
}
END_TEST

START_TEST(a_checkpoint_cut_short_under_a_valid_block_is_refused)
{
    struct dt_err err = { .code = DT_OK };
    size_t size;
    char *file;

    save_sample("a.h5");
    file = read_bytes("a.h5", &size);
    write_with_block("b.h5", file + 512, (size - 512) / 2);
    ck_assert_ptr_null(dt_ckpt_open("b.h5", &err));
    ck_assert_int_eq(err.code, DT_ECHECKPOINT);
    dt_free(file);
}
END_TEST

Suite *suite_ckpt_scan(void)
{
    Suite *s = suite_create("ckpt_scan");
    TCase *c = case_in_folder("ckpt_scan");

    tcase_add_loop_test(c, attacks_are_refused_on_opening, 0, sizeof attacks / sizeof *attacks);
    tcase_add_test(c, the_same_way_of_making_is_accepted_without_harm);
    tcase_add_test(c, what_is_no_hdf5_is_refused);
    tcase_add_test(c, a_checkpoint_cut_short_under_a_valid_block_is_refused);
    suite_add_tcase(s, c);
    return s;
}
