/* versions: of the libraries behind this room. */
#include "io/hdf5/image.h"
#include "io/yaml/config.h"

#include <jansson.h>
#include <nettle/version.h>

const char *dt_io_versions(char *buf, size_t size)
{
    char hdf5[32];

    dt_hdf5_version(hdf5, sizeof hdf5);
    snprintf(buf, size, "HDF5 %s, libyaml %s, jansson %s, nettle %d.%d", hdf5, dt_yaml_version(), jansson_version_str(),
             NETTLE_VERSION_MAJOR, NETTLE_VERSION_MINOR);
    return buf;
}
