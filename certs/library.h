/* The OpenSSL that is in use. */
#ifndef CERTS_LIBRARY_H
#define CERTS_LIBRARY_H

/* Its version at run time: "3.0.17". A constant. */
const char *certs_library_version(void);

#endif
