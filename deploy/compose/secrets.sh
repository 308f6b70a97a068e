#!/bin/sh
# secrets.sh [FOLDER]
# Makes the passwords that docker-compose.yml takes from files. What is there stays as it
# is, so it may be called again; a file of yours is kept too.
#
# Containers run as several users and must all read their files, so these are readable
# to everyone inside a folder that only its owner can enter.
set -eu
folder=${1:-$(dirname "$0")/secrets}

mkdir -p "$folder"
chmod 0700 "$folder"

# Random letters that need no quoting in an address or a configuration file.
password() {
    od -An -v -N 24 -t x1 /dev/urandom | tr -d ' \n'
}

# keep NAME TEXT
keep() {
    if [ -e "$folder/$1" ]; then
        return
    fi
    printf '%s\n' "$2" > "$folder/$1.new"
    chmod 0444 "$folder/$1.new"
    mv "$folder/$1.new" "$folder/$1"
    echo "made $folder/$1"
}

keep database_password "$(password)"
database=$(cat "$folder/database_password")
keep database_url "postgresql+psycopg://simpul:$database@database:5432/simpul"

keep broker_password "$(password)"
broker=$(cat "$folder/broker_password")
keep broker_user.conf "default_user = simpul
default_pass = $broker
default_vhost = simpul"
keep broker_url "amqp://simpul:$broker@broker:5672/simpul"
keep broker_management_url "http://simpul:$broker@broker:15672"
