//! A stand-in with the signatures of dashmap that the fixtures use, and no behaviour.

use std::marker::PhantomData;

pub struct DashMap<K, V>(PhantomData<(K, V)>);

impl<K, V> DashMap<K, V> {
    pub fn get(&self, _: &K) -> Option<mapref::one::Ref<'_, K, V>> {
        unimplemented!()
    }

    pub fn get_mut(&self, _: &K) -> Option<mapref::one::RefMut<'_, K, V>> {
        unimplemented!()
    }

    pub fn iter(&self) -> iter::Iter<'_, K, V> {
        unimplemented!()
    }

    pub fn entry(&self, _: K) -> mapref::entry::Entry<'_, K, V> {
        unimplemented!()
    }
}

pub mod mapref {
    pub mod one {
        use std::ops::{Deref, DerefMut};

        pub struct Ref<'a, K, V>(&'a (K, V));

        pub struct RefMut<'a, K, V>(&'a mut (K, V));

        impl<K, V> Ref<'_, K, V> {
            pub fn value(&self) -> &V {
                unimplemented!()
            }
        }

        impl<K, V> Deref for Ref<'_, K, V> {
            type Target = V;

            fn deref(&self) -> &V {
                unimplemented!()
            }
        }

        impl<K, V> Drop for Ref<'_, K, V> {
            fn drop(&mut self) {}
        }

        impl<K, V> Deref for RefMut<'_, K, V> {
            type Target = V;

            fn deref(&self) -> &V {
                unimplemented!()
            }
        }

        impl<K, V> DerefMut for RefMut<'_, K, V> {
            fn deref_mut(&mut self) -> &mut V {
                unimplemented!()
            }
        }

        impl<K, V> Drop for RefMut<'_, K, V> {
            fn drop(&mut self) {}
        }
    }

    pub mod multiple {
        use std::ops::Deref;

        pub struct RefMulti<'a, K, V>(&'a (K, V));

        impl<K, V> Deref for RefMulti<'_, K, V> {
            type Target = V;

            fn deref(&self) -> &V {
                unimplemented!()
            }
        }

        impl<K, V> Drop for RefMulti<'_, K, V> {
            fn drop(&mut self) {}
        }
    }

    pub mod entry {
        pub enum Entry<'a, K, V> {
            Occupied(OccupiedEntry<'a, K, V>),
            Vacant(VacantEntry<'a, K, V>),
        }

        pub struct OccupiedEntry<'a, K, V>(&'a (K, V));

        pub struct VacantEntry<'a, K, V>(&'a (K, V));

        impl<K, V> OccupiedEntry<'_, K, V> {
            pub fn get(&self) -> &V {
                unimplemented!()
            }
        }

        impl<K, V> VacantEntry<'_, K, V> {
            pub fn insert(self, _: V) {}
        }
    }
}

pub mod iter {
    pub struct Iter<'a, K, V>(&'a (K, V));

    impl<'a, K, V> Iterator for Iter<'a, K, V> {
        type Item = crate::mapref::multiple::RefMulti<'a, K, V>;

        fn next(&mut self) -> Option<Self::Item> {
            unimplemented!()
        }
    }
}
