#include "server/archive/pg_control.h"

/* CRC-32C (Castagnoli), bits reversed. */
#define POLYNOMIAL 0x82F63B78u

/* Where the checksum may be, after all other fields: 9.5 has it at 228 or so, 18 below 300. */
#define CRC_FIRST 192
#define CRC_LAST (PG_CONTROL_BYTES - 4)

static uint32_t crc_byte(uint32_t crc, unsigned char byte)
{
    crc ^= byte;
    for (int bit = 0; bit < 8; bit++)
        crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
    return crc;
}

static uint64_t number_at(struct str bytes, size_t at, size_t length)
{
    uint64_t number = 0;
    for (size_t i = length; i > 0; i--)
        number = number << 8 | (unsigned char)bytes.data[at + i - 1];
    return number;
}

static bool checksum_fits(struct str bytes)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i <= CRC_LAST; i++) {
        if (i >= CRC_FIRST && i % 4 == 0 && (uint32_t)number_at(bytes, i, 4) == ~crc)
            return true;
        crc = crc_byte(crc, (unsigned char)bytes.data[i]);
    }
    return false;
}

bool pg_control_check(struct str bytes, uint64_t *ret_system, struct error *err)
{
    if (bytes.length < PG_CONTROL_BYTES)
        return error_set(err, "has %zu bytes, expected at least %d", bytes.length,
                         PG_CONTROL_BYTES);
    if (!checksum_fits(bytes))
        return error_set(err, "does not fit its own checksum");
    *ret_system = number_at(bytes, 0, 8);
    return true;
}
