# Prints the last whole frame of some trajectories in which the atoms have moved no further from where
# they started than `most` Å, root mean square, without the shift of all of them together; where they
# started if there is none. Of `counted`, ranges such as "1..50 60", only these atoms count.
#   awk -v most=0.5 -f within.awk START.xyz TRAJECTORY.xyz ...
BEGIN {
  n_ranges = split(counted, ranges, " ")
  for (each = 1; each <= n_ranges; each++) {
    ends = split(ranges[each], range, /\.\./)
    for (atom = range[1]; atom <= range[ends]; atom++) is_counted[atom] = 1
  }
}
NR == FNR {
  kept = kept $0 "\n"
  if (FNR == 1) atoms = $1
  if (FNR > 2) for (axis = 1; axis <= 3; axis++) start[FNR - 2, axis] = $(axis + 1)
  next
}
{
  line = (FNR - 1) % (atoms + 2)
  frame = line ? frame $0 "\n" : $0 "\n"
  if (line >= 2) for (axis = 1; axis <= 3; axis++) shift_a[line - 1, axis] = $(axis + 1) - start[line - 1, axis]
  if (line == atoms + 1 && moved() <= most) kept = frame
}
function moved(   axis, atom, sum, squares, total, number) {
  total = 0
  for (axis = 1; axis <= 3; axis++) {
    sum = squares = number = 0
    for (atom = 1; atom <= atoms; atom++) {
      if (n_ranges && !(atom in is_counted)) continue
      number++
      sum += shift_a[atom, axis]
      squares += shift_a[atom, axis] ^ 2
    }
    total += squares - sum * sum / number
  }
  return sqrt(total > 0 ? total / number : 0)
}
END { printf "%s", kept }
