"""The recipe of a data folder."""

import pytest

from diffsheg_model.data.recipe import keep_recipe
from diffsheg_model.errors import InputError


def test_the_same_recipe_is_accepted_again(tmp_path):
    recipe = {'seed': 1, 'voices': ('a', 'b'), 'folder': None}
    keep_recipe(tmp_path / 'recipe.json', recipe, 'a corpus')
    before = (tmp_path / 'recipe.json').read_bytes()
    keep_recipe(tmp_path / 'recipe.json', recipe, 'a corpus')
    assert (tmp_path / 'recipe.json').read_bytes() == before


def test_another_recipe_is_refused(tmp_path):
    keep_recipe(tmp_path / 'recipe.json', {'seed': 1}, 'a corpus')
    with pytest.raises(InputError, match='holds a corpus made with another seed: choose another'):
        keep_recipe(tmp_path / 'recipe.json', {'seed': 2}, 'a corpus')
    with pytest.raises(InputError, match='made with another voices'):
        keep_recipe(tmp_path / 'recipe.json', {'seed': 1, 'voices': []}, 'a corpus')


@pytest.mark.parametrize('content', ['{', '[1]'])
def test_a_damaged_recipe_is_named(tmp_path, content):
    (tmp_path / 'recipe.json').write_text(content)
    with pytest.raises(InputError, match=r'recipe\.json is damaged'):
        keep_recipe(tmp_path / 'recipe.json', {'seed': 1}, 'a corpus')
