# Joins the relaxed halves, and writes the inputs of the stages that follow, for the joined particle;
# read by the job script, from within its folder. This needs epicarve where the job runs; EPICARVE
# holds the command.
set -eu
key=$(cat ../film/*/*.key ../substrate/*/*.key 2>/dev/null | sha256sum)
if [ "$(cat join.key 2>/dev/null)" = "$key" ]; then
  [ "${EPICARVE_ASK:-}" = complete ] || echo "${PWD##*/}: complete already"
  exit 0
fi
[ "${EPICARVE_ASK:-}" != complete ] || exit 1
[ -n "${EPICARVE_CP2K:-}" ] || prepare
if ! said=$(cd .. && ${EPICARVE:-epicarve} inputs recipe.yaml -o . 2>&1 >/dev/null); then
  echo "${PWD##*/}: ${said##*$'\n'}" >&2
  exit 1
fi
echo "$key" >join.key
echo "${PWD##*/}: complete"
