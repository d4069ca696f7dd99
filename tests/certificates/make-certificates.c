/* SPDX-License-Identifier: Apache-2.0 */

/*
 * make-certificates FOLDER: what the black-box tests of TLS need, as PEM files.
 *
 * Thread: main
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "certificates/certificate.h"
#include "certificates/ocsp-response.h"
#include "util/macro.h"

static void keep(const char *name, const Certificate *certificate)
{
        char path[128];

        snprintf(path, sizeof(path), "%s.pem", name);
        certificate_write(path, certificate, NULL);
        snprintf(path, sizeof(path), "%s.key", name);
        certificate_write_key(path, certificate);
}

static Certificate make(const char *name, CertificateOrder order)
{
        Certificate made = certificate_make(&order);

        keep(name, &made);
        return made;
}

/* For stapling: one that is good and one that says that it is revoked. */
static void write_responses(const Certificate *server, const Certificate *authority)
{
        OcspOrder order = {.about = server, .issuer = authority};

        ocsp_response_write("server.ocsp", &order);
        order.is_revoked = true;
        ocsp_response_write("revoked.ocsp", &order);
}

static void write_psk(void)
{
        FILE *file = fopen("psk", "we");

        if (file) {
                fputs("sensor:00112233445566778899aabbccddeeff\n", file);
                fclose(file);
        }
}

int main(int argc, char **argv)
{
        Certificate authority, other, middle;

        if (argc != 2 || chdir(argv[1]) < 0) {
                fprintf(stderr, "usage: make-certificates FOLDER\n");
                return 1;
        }
        authority = make("ca", (CertificateOrder){.subject = "CN=Test CA", .is_authority = true});
        other = make("other-ca", (CertificateOrder){.subject = "CN=Other", .is_authority = true});
        middle = make("middle", (CertificateOrder){.subject = "CN=Middle",
                                                   .is_authority = true,
                                                   .issuer = &authority});

        const struct {
                const char *name;
                CertificateOrder order;
        } orders[] = {
                {"server", {.subject = "CN=localhost", .host = "localhost", .issuer = &authority}},
                {"server-rsa",
                 {.subject = "CN=localhost",
                  .host = "localhost",
                  .issuer = &authority,
                  .is_rsa = true}},
                {"server-two", {.subject = "CN=two", .host = "two.example", .issuer = &authority}},
                {"server-middle",
                 {.subject = "CN=localhost", .host = "localhost", .issuer = &middle}},
                {"client",
                 {.subject = "CN=alice,OU=Pumps,O=Works",
                  .issuer = &authority,
                  .for_client = true}},
                {"client-bob", {.subject = "CN=bob", .issuer = &authority}},
                {"client-revoked", {.subject = "CN=mallory", .issuer = &authority}},
                {"client-expired",
                 {.subject = "CN=old", .issuer = &authority, .from = -20, .until = -10}},
                {"client-other", {.subject = "CN=stranger", .issuer = &other}},
                {"client-for-server",
                 {.subject = "CN=server", .issuer = &authority, .for_server = true}},
                {"client-nameless", {.subject = "O=Nobody", .issuer = &authority}},
                {"client-zero",
                 {.common_name = "alice\0evil", .common_name_length = 10, .issuer = &authority}},
        };

        for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
                Certificate made = make(orders[i].name, orders[i].order);

                if (strcmp(orders[i].name, "server") == 0)
                        write_responses(&made, &authority);
                if (strcmp(orders[i].name, "client-revoked") == 0)
                        certificate_write_revoked("crl.pem", &authority, &made, 30);
                certificate_done(&made);
        }
        certificate_write_revoked("crl-empty.pem", &authority, NULL, 30);
        write_psk();
        certificate_done(&authority);
        certificate_done(&other);
        certificate_done(&middle);
        return 0;
}
