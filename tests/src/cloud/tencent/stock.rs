//! What a test puts into the cloud and takes out of it: instances, backups and their objects.

use super::inventory::{
    BackupStatus, InstanceSpec, InstanceStatus, MysqlBackupSpec, PgBackupSpec, add_instance,
};
use super::legacy::export_address;
use super::{Address, StoredObject, Tencent};

impl Tencent {
    /// Adds an instance of PostgreSQL, or replaces the one with the same id.
    pub fn add_postgres(&self, instance: InstanceSpec) {
        add_instance(&mut self.state.inventory.lock().postgres, instance);
    }

    /// Adds an instance of MySQL, or replaces the one with the same id.
    pub fn add_mysql(&self, instance: InstanceSpec) {
        add_instance(&mut self.state.inventory.lock().mysql, instance);
    }

    /// Adds a base or log backup of PostgreSQL with its object, or replaces the one with the same id.
    pub fn add_postgres_backup(&self, backup: PgBackupSpec) {
        self.remove_backup(&backup.id);
        let modified = backup.finish.unwrap_or(backup.start);
        let object = StoredObject::new(&backup.id, &backup.file, modified);
        self.state.store.put(backup.address(), object);
        let mut inventory = self.state.inventory.lock();
        inventory.backup_ids.insert(backup.id.clone());
        inventory.postgres_backups.push(backup);
    }

    /// Adds a backup, binlog or slow log of MySQL with its objects, or replaces the one with the same
    /// id. Both APIs show it.
    pub fn add_mysql_backup(&self, backup: MysqlBackupSpec) {
        self.remove_backup(&backup.id);
        let modified = backup.finish.unwrap_or(backup.start);
        for address in [backup.address(), backup.dl_address()] {
            if backup.archived {
                self.state.archive.lock().insert(address.clone());
            }
            let object = StoredObject::new(backup.owner(), &backup.file, modified);
            self.state.store.put(address, object);
        }
        let mut inventory = self.state.inventory.lock();
        inventory.backup_ids.insert(backup.id.clone());
        inventory.mysql_backups.push(backup);
    }

    /// Removes a backup with its objects; links to them answer 404 from now on. A log of MySQL has the
    /// id `instance/file name`.
    pub fn remove_backup(&self, id: &str) {
        if !self.state.inventory.lock().backup_ids.remove(id) {
            return;
        }
        for address in self.addresses(id) {
            self.state.store.remove(&address);
            self.state.archive.lock().remove(&address);
        }
        self.state.digests.lock().remove(id);
        let mut inventory = self.state.inventory.lock();
        inventory.postgres_backups.retain(|backup| backup.id != id);
        inventory.mysql_backups.retain(|backup| backup.id != id);
    }

    /// Removes an instance of either product with its backups.
    pub fn remove_instance(&self, id: &str) {
        let backups = {
            let mut inventory = self.state.inventory.lock();
            inventory.postgres.retain(|instance| instance.id != id);
            inventory.mysql.retain(|instance| instance.id != id);
            let postgres = inventory.postgres_backups.iter();
            let mysql = inventory.mysql_backups.iter();
            postgres
                .map(|backup| (&backup.instance_id, &backup.id))
                .chain(mysql.map(|backup| (&backup.instance_id, &backup.id)))
                .filter(|(instance_id, _)| *instance_id == id)
                .map(|(_, backup)| backup.clone())
                .collect::<Vec<_>>()
        };
        for backup in backups {
            self.remove_backup(&backup);
        }
    }

    /// Changes the state of a backup.
    pub fn set_status(&self, id: &str, status: BackupStatus) {
        let inventory = &mut *self.state.inventory.lock();
        for backup in &mut inventory.postgres_backups {
            if backup.id == id {
                backup.status = status;
            }
        }
        for backup in &mut inventory.mysql_backups {
            if backup.id == id {
                backup.status = status;
            }
        }
    }

    /// Changes the state of an instance of either product.
    pub fn set_instance_status(&self, id: &str, status: InstanceStatus) {
        let inventory = &mut *self.state.inventory.lock();
        for instance in inventory.postgres.iter_mut().chain(&mut inventory.mysql) {
            if instance.id == id {
                instance.status = status;
            }
        }
    }

    /// Gives the objects of a backup another content of the same length.
    pub fn change_objects(&self, id: &str) {
        for address in self.addresses(id) {
            self.state.store.change(&address, self.state.clock.now());
        }
    }

    /// Where the objects of a backup are, partial exports included.
    fn addresses(&self, id: &str) -> Vec<Address> {
        let inventory = self.state.inventory.lock();
        let mut addresses = Vec::new();
        for backup in inventory.postgres_backups.iter().filter(|b| b.id == id) {
            addresses.push(backup.address());
        }
        for backup in inventory.mysql_backups.iter().filter(|b| b.id == id) {
            addresses.push(backup.address());
            let whole = backup.dl_address();
            for number in self.state.exports.of_backup(id) {
                addresses.push(export_address(&whole, number));
            }
            addresses.push(whole);
        }
        addresses
    }
}
