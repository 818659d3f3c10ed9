export const WORDS = {
  en: {
    fit: 'Whole diagram', in: 'Zoom in', out: 'Zoom out', tools: 'View', outline: 'Tasks of the diagram',
    failed: 'The diagram could not be drawn. Reload the page to try again; the list of tasks says the same.'
  },
  fr: {
    fit: 'Tout le diagramme', in: 'Agrandir', out: 'Réduire', tools: 'Vue', outline: 'Tâches du diagramme',
    failed: 'Le diagramme n’a pas pu être dessiné. Rechargez la page pour réessayer ; la liste des tâches dit la même chose.'
  },
  es: {
    fit: 'Todo el diagrama', in: 'Acercar', out: 'Alejar', tools: 'Vista', outline: 'Tareas del diagrama',
    failed: 'No se pudo dibujar el diagrama. Vuelva a cargar la página para intentarlo de nuevo; la lista de tareas dice lo mismo.'
  }
};
