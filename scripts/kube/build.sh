#!/usr/bin/env bash
# Builds kube-apiserver and kubectl from their Go modules: `scripts/kube/build.sh FOLDER [VERSION]` puts them into FOLDER.
#
# There is no package of kube-apiserver to fetch, and nothing is downloaded but Go modules, which the checksum database
# vouches for. `go install` refuses k8s.io/kubernetes, whose go.mod replaces its staging modules by folders beside it:
# so a module of our own replaces them by their published versions. About five minutes; a minute with warm caches.
set -euo pipefail

folder=${1:?"usage: scripts/kube/build.sh FOLDER [VERSION]"}
version=${2:-v1.36.3}
minor=${version#v1.}
command -v go >/dev/null || { echo "scripts/kube/build.sh needs go on PATH" >&2; exit 1; }
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
scripts=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

go mod download -json "k8s.io/kubernetes@$version" > kubernetes.json
python3 "$scripts/go_mod.py" kubernetes.json "$version" > go.mod
cat > tools.go <<'GO'
//go:build tools

package tools

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kubectl"
)
GO
go mod tidy

flags="-s -w"
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
	flags="$flags -X $package.gitVersion=$version -X $package.gitMajor=1 -X $package.gitMinor=${minor%%.*}"
done
for program in kube-apiserver kubectl; do
	CGO_ENABLED=0 go build -trimpath -ldflags "$flags" -o "$folder/$program.new" "k8s.io/kubernetes/cmd/$program"
	mv "$folder/$program.new" "$folder/$program"
done
