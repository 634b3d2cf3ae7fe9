#include "server/cli_secrets.h"

#include "server/cli_place.h"
#include "server/cli_secrets_parts.h"
#include "server/command_group.h"

static const struct option_row backup_options[] = {
    {"recipient", "FILE", true, "certificates (PEM) that the archive is encrypted to"},
    {"to", "PLACE", false, "s3://bucket/folder, a folder, or a file that ends with .cms"},
    {"namespace", "NAME", false, "where the Secrets are"},
    {"harborcluster", "NAME", false, "the HarborCluster whose Secrets are kept"},
    {"name", "NAME", true, "one more Secret that is kept"},
    {"signer", "FILE", false, "a private key (PEM) that signs the manifest"},
    {"signer-cert", "FILE", false, "its certificate, if it is not in the same file"},
    {"passphrase-file", "FILE", false, "the passphrase of that key, in the first line"},
    {"cluster", "NAME", false, "what the manifest calls this cluster (its address)"},
    SECRETS_KUBE_OPTIONS,
    CLI_PLACE_OPTIONS,
    {0},
};

const struct command_help secrets_backup_help = {
    .name = "secrets backup",
    .synopsis = "--recipient FILE... --to PLACE --namespace NAME [OPTION...]",
    .about =
        "Reads the Secrets without which a restored database is of no use, encrypts them to the\n"
        "holders of the certificates (CMS, AES-256-GCM) and writes an archive, with a manifest\n"
        "that can be read without a key. Nothing is written before everything was read, nothing\n"
        "is replaced or deleted. Gives 4 when a Secret that should be there is not (the archive "
        "is\n"
        "written all the same), 1 when one could not be read (nothing is written).\n",
    .options = backup_options,
    .examples = "  harbor-pg-webhook secrets backup --namespace harbor --harborcluster harbor \\\n"
                "    --recipient offline.crt --to s3://harbor-secrets/harbor/harbor\n"
                "  harbor-pg-webhook secrets backup --namespace harbor --name wal-key \\\n"
                "    --recipient offline.crt --signer signer.pem --to wal-key.cms\n",
};

static const struct option_row restore_options[] = {
    {"from", "PLACE", false, "s3://bucket/folder or a folder (its newest archive), or an archive"},
    {"key", "FILE", false, "the private key (PEM) of a recipient"},
    {"passphrase-file", "FILE", false, "the passphrase of that key, in the first line"},
    {"signer-cert", "FILE", false, "the certificate that must have signed the manifest"},
    {"namespace", "NAME", false, "where to, if it is another namespace than the old one"},
    {"harborcluster", "NAME", false, "the newest archive of this HarborCluster"},
    {"dry-run", NULL, false, "change nothing; the API server checks it all the same"},
    {"overwrite", "NAME", true, "a Secret that is replaced if it is there and differs"},
    SECRETS_KUBE_OPTIONS,
    CLI_PLACE_OPTIONS,
    {0},
};

const struct command_help secrets_restore_help = {
    .name = "secrets restore",
    .synopsis = "--from PLACE --key FILE [OPTION...]",
    .about =
        "Decrypts an archive and creates its Secrets. What is there and differs stays as it is,\n"
        "unless it is named by --overwrite; owners, uids and foreign annotations are left out.\n"
        "Shows names, keys and hashes that mean something within this run only, never a value.\n"
        "Gives 4 when something differs, is refused, or will not log in; 1 when something failed:\n"
        "then it says what was created, and running it again does the rest.\n",
    .options = restore_options,
    .examples = "  harbor-pg-webhook secrets restore --from s3://harbor-secrets/harbor/harbor \\\n"
                "    --key offline.key --signer-cert signer.crt --dry-run\n"
                "  harbor-pg-webhook secrets restore --from 20261120T020000Z-1f2e3d4c.cms \\\n"
                "    --key offline.key --overwrite harbor-database-password\n",
};

static const struct option_row list_options[] = {
    {"from", "PLACE", false, "s3://bucket/folder, a folder, or an archive"},
    {"namespace", "NAME", false, "without --from: of this namespace"},
    {"harborcluster", "NAME", false, "without --from: the names that are kept of this one"},
    CLI_PLACE_OPTIONS,
    {0},
};

const struct command_help secrets_list_help = {
    .name = "secrets list",
    .synopsis = "--from PLACE | --namespace NAME --harborcluster NAME",
    .about =
        "Lists the archives of a folder, or what is in one: names and keys. No key is needed.\n"
        "Without --from: the names of Secrets that 'secrets backup' looks for, which a Role has "
        "to\n"
        "allow. Gives 4 when there is no archive, or an incomplete one.\n",
    .options = list_options,
    .examples = "  harbor-pg-webhook secrets list --from s3://harbor-secrets/harbor/harbor\n"
                "  harbor-pg-webhook secrets list --from 20261120T020000Z-1f2e3d4c.cms\n"
                "  harbor-pg-webhook secrets list --namespace harbor --harborcluster harbor\n",
};

static const struct command_of_group commands[] = {
    {"backup", cli_secrets_backup, &secrets_backup_help, "write an encrypted archive of Secrets"},
    {"restore", cli_secrets_restore, &secrets_restore_help, "create Secrets from an archive"},
    {"list", cli_secrets_list, &secrets_list_help, "list archives, and what is in them"},
};

#define ABOUT                                                                                      \
    "The Secrets without which a restored Harbor cannot log in to its database, or read what\n"    \
    "it keeps there: kept outside the cluster, encrypted to a key that the cluster never\n"        \
    "holds. A value is never shown.\n\n"

int cli_secrets(int argc, char **argv)
{
    const struct command_group group = {"secrets", ABOUT, commands,
                                        sizeof(commands) / sizeof(*commands)};
    return command_group_run(&group, argc, argv);
}
