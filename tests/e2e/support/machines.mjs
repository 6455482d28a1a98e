// Machines that have less than this one: words of a program that becomes the gateway.
import {spawnSync} from 'node:child_process';
import {join} from 'node:path';
import {build, program} from './gateway.mjs';

/// As in many containers: of namespaces there are none, whoever asks.
export const withoutNamespaces = ['unshare', '-Ur', 'sh', '-c', 'for kind in user net mnt ipc uts pid; do echo 0 > /proc/sys/user/max_${kind}_namespaces || exit 77; done; exec "$0" "$@"'];
export const withoutLandlock = [join(build, 'tests/without_landlock')];
/// Who owns nothing but what is given to it.
export const nobody = 65534;
export const asNobody = ['setpriv', '--reuid', String(nobody), '--regid', String(nobody), '--clear-groups'];
/// Whether there can be such a machine here.
export const canBe = (words) => spawnSync(words[0] ?? program, [...words.slice(1), ...(words.length > 0 ? [program] : []), '--version']).status === 0;
