/* An ELF file: opening, sections, bytes, and its DWARF, which nothing touches before it is asked for. */
#include "helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static obit_file *file_create(int fd, Elf *elf)
{
    const char *ident = elf ? elf_getident(elf, NULL) : NULL;
    obit_file *file = NULL;
    if (ident && elf_kind(elf) == ELF_K_ELF && ident[EI_CLASS] == ELFCLASS64 && ident[EI_DATA] == ELFDATA2LSB)
        file = calloc(1, sizeof *file);
    if (!file) {
        if (elf)
            elf_end(elf);
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    file->fd = fd;
    file->elf = elf;
    return file;
}

/* NULL with *problem = errno when the file cannot be read, 0 when it is not a 64-bit little-endian ELF file. */
obit_file *obit_open(const char *path, int *problem)
{
    elf_version(EV_CURRENT);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    *problem = fd < 0 ? errno : 0;
    if (fd < 0)
        return NULL;
    return file_create(fd, elf_begin(fd, ELF_C_READ_MMAP, NULL));
}

/* The descriptor is the file's from now on, and closed when there is none. */
obit_file *obit_open_descriptor(int fd)
{
    elf_version(EV_CURRENT);
    return file_create(fd, elf_begin(fd, ELF_C_READ_MMAP, NULL));
}

/* `bytes` must outlive the file. */
obit_file *obit_open_memory(const void *bytes, size_t size)
{
    elf_version(EV_CURRENT);
    return file_create(-1, elf_memory((char *) bytes, size));
}

void obit_close(obit_file *file)
{
    units_free(file);
    for (int kind = 0; kind < 2; kind++)
        free(file->symbols[kind].at);
    if (file->eh_frame)
        dwarf_cfi_end(file->eh_frame);
    if (file->dwarf)
        dwarf_end(file->dwarf);
    elf_end(file->elf);
    if (file->fd >= 0)
        close(file->fd);
    free(file);
}

int obit_machine(obit_file *file)
{
    GElf_Ehdr header;
    return gelf_getehdr(file->elf, &header) ? header.e_machine : 0;
}

/* Length of the GNU build-id, 0 without. */
int64_t obit_build_id(obit_file *file, const void **bytes)
{
    ssize_t length = dwelf_elf_gnu_build_id(file->elf, bytes);
    return length > 0 ? length : 0;
}

const char *obit_debuglink(obit_file *file, uint32_t *crc)
{
    GElf_Word value = 0;
    const char *name = dwelf_elf_gnu_debuglink(file->elf, &value);
    *crc = value;
    return name;
}

Elf_Scn *file_section(obit_file *file, const char *name)
{
    size_t names;
    if (elf_getshdrstrndx(file->elf, &names) != 0)
        return NULL;
    for (Elf_Scn *section = NULL; (section = elf_nextscn(file->elf, section));) {
        GElf_Shdr header;
        if (!gelf_getshdr(section, &header))
            continue;
        const char *found = elf_strptr(file->elf, names, header.sh_name);
        if (found && strcmp(found, name) == 0)
            return section;
    }
    return NULL;
}

/* Bytes of a section as they are in the file; their number, -1 when it is not there or has none. */
int64_t obit_section(obit_file *file, const char *name, const void **bytes)
{
    GElf_Shdr header;
    Elf_Scn *section = file_section(file, name);
    if (!section || !gelf_getshdr(section, &header) || header.sh_type == SHT_NOBITS)
        return -1;
    Elf_Data *data = elf_rawdata(section, NULL);
    if (!data || !data->d_buf)
        return -1;
    *bytes = data->d_buf;
    return (int64_t) data->d_size;
}

int obit_has_section(obit_file *file, const char *name)
{
    GElf_Shdr header;
    Elf_Scn *section = file_section(file, name);
    return section && gelf_getshdr(section, &header) && header.sh_type != SHT_NOBITS && header.sh_size > 0;
}

int obit_has_dwarf(obit_file *file)
{
    return obit_has_section(file, ".debug_info") || obit_has_section(file, ".zdebug_info");
}

/* Bytes of one read-only segment at a file address; NULL when they are not all in one. */
const void *obit_read(obit_file *file, uint64_t address, uint64_t size)
{
    size_t count, length;
    if (elf_getphdrnum(file->elf, &count) != 0)
        return NULL;
    for (size_t index = 0; index < count; index++) {
        GElf_Phdr segment;
        if (!gelf_getphdr(file->elf, (int) index, &segment) || segment.p_type != PT_LOAD || segment.p_flags & PF_W)
            continue;
        uint64_t into = address - segment.p_vaddr;
        if (address < segment.p_vaddr || into >= segment.p_filesz || size > segment.p_filesz - into)
            continue;
        char *raw = elf_rawfile(file->elf, &length);
        if (!raw || segment.p_offset > length || into > length - segment.p_offset || size > length - segment.p_offset - into)
            return NULL;
        return raw + segment.p_offset + into;
    }
    return NULL;
}

/* Inflates the compressed sections of the file: expensive, so asked for as late as possible. */
Dwarf *file_dwarf(obit_file *file)
{
    if (!file->dwarf_tried) {
        file->dwarf_tried = true;
        file->dwarf = obit_has_dwarf(file) || obit_has_section(file, ".debug_frame") ? dwarf_begin_elf(file->elf, DWARF_C_READ, NULL) : NULL;
    }
    return file->dwarf;
}

/* Length of the build-id of the file that dwz moved common DIEs to, -1 when there is none to look for. */
int64_t obit_altlink(obit_file *file, const char **name, const void **build_id)
{
    Dwarf *dwarf = file_dwarf(file);
    ssize_t length = dwarf ? dwelf_dwarf_gnu_debugaltlink(dwarf, name, build_id) : 0;
    return length > 0 ? length : -1;
}

/* Give the DWARF its alternative. Without one libdw would open, at the first reference, whatever file the name in .gnu_debugaltlink
 * leads to; so a caller that has found none gives one that is empty. */
int obit_set_alt(obit_file *file, obit_file *alt)
{
    Dwarf *dwarf = file_dwarf(file), *given = file_dwarf(alt);
    if (dwarf && given)
        dwarf_setalt(dwarf, given);
    return dwarf && given;
}
